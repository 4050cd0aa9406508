"""Fuzzing: damaged real input for the reader of tasks and for the archive of events.

``python -m torture.fuzz --inputs 2000 --seed 1``. Even numbers are files of tasks, plain,
compressed or through a pipe; odd ones are archives of fights, damaged as stored, inside their
frames, or in the decompressed content, the last two with a corrected checksum. An input depends
only on its seed, its number and the recordings it starts from, so each can be repeated alone
(``--only NUMBER``). The first claim that does not hold ends the run:

- nothing is raised except InputError and CorruptArchive, not even a warning;
- every line of a file is judged alone: the lines around a damaged one are accepted;
- no batch is larger than a block, even if a few compressed bytes expand to more;
- every refusal names file, line and reason in printable text;
- an archive that decodes is the original or has a correct checksum; it is then complete and within
  the bounds of tasks, and does not change when it is written again;
- no input takes longer than HANG_SECONDS, or more memory than its module says (on Linux, where a
  process can measure that).

The inputs are read in a separate process, so that the run survives hangs, crashes and excessive
memory.
"""
