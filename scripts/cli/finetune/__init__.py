"""Fine-tuning from the command line: `./scripts/finetune`. It talks to the backend only, over HTTP."""
