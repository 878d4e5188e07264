"""Completion of the launchers' options in a shell."""

from shlex import quote
from typing import Literal

from scripts.cli.commands import COMPLETION
from scripts.cli.options import CHECKOUT
from scripts.dev.launchers import launchers

# The shell asks the launcher itself, in the words that typer's own scripts ask in.
BASH = """\
_label_loop_launcher() {{
    local IFS=$'\\n'
    COMPREPLY=($(env COMP_WORDS="${{COMP_WORDS[*]}}" COMP_CWORD="$COMP_CWORD" {variable}=complete_bash "$1"))
}}
complete -o default -F _label_loop_launcher {paths}
"""
ZSH = """\
(( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit }}
_label_loop_launcher() {{
    eval "$(env _TYPER_COMPLETE_ARGS="${{words[1,$CURRENT]}}" {variable}=complete_zsh "${{words[1]}}")"
}}
compdef -p _label_loop_launcher '*scripts/({names})'
"""


def script(shell: Literal["bash", "zsh"]) -> str:
    """What a shell evaluates to complete every launcher, called from the checkout or by its whole path."""
    names = [launcher.name for launcher in launchers()]
    if shell == "zsh":
        return ZSH.format(variable=COMPLETION, names="|".join(names))
    paths = [f"{folder}/{name}" for name in names for folder in ("./scripts", "scripts", f"{CHECKOUT}/scripts")]
    return BASH.format(variable=COMPLETION, paths=" ".join(map(quote, paths)))
