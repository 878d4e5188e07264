"""What tests share.

shared           one Label Studio for all test processes of a session, and what is made once
label_studio     a Label Studio that runs, its users and projects
project          a project whose true classes are known, and what annotators do in it
stack            the backend's processes on a Label Studio
poor_backbone    a backbone that any fine-tuning beats
pictures         images of classes that anybody tells apart
waiting          waiting for what another process does
machine          how busy the machine is, for what is promised in seconds
surroundings     what a shell hands down, made the same everywhere
logs             what the code under test logs
records          records of versions, made up
launchers        the launchers in scripts/
"""
