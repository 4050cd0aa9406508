"""Fuzzing: damaged real input for the reader of tasks and for the archive of events.

``python -m torture.fuzz --inputs 2000 --seed 1``. Even numbers are files of tasks, plain, packed or
through a pipe; odd ones are archives of fights, damaged as they lie there, or inside their frames,
or in what those unpack to, the last two with the checksum made right again. An input is made from
its seed, its number and the recordings it starts from, so each can be made again by itself
(``--only NUMBER``). The first claim that does not hold ends the run:

- nothing is raised but InputError and CorruptArchive, not even a warning;
- every line of a file is judged alone: the ones around a damaged one are taken;
- no batch is larger than a block, whatever a few packed bytes unpack to;
- every refusal names file, line and reason in printable text;
- an archive that decodes is the original or has a right checksum; it is then whole and within the
  bounds of tasks, and comes back the same when it is written again;
- no input takes longer than HANG_SECONDS, or more memory than its module says (on Linux, where a
  process can measure that).

The program reads them in a separate process, so that hangs, crashes and excessive memory are
survived.
"""
