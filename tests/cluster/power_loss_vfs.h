// tests/cluster/power_loss_vfs.h - SQLite's file layer as a disk that can lose its power. What was written and not
// synced is held in memory; the files get it when SQLite syncs. So a SIGKILL does what a power cut does to a machine:
// it forgets everything that wasn't synced. For test builds of the node; see also faulty_node.cpp.
//
// A file named "faults" beside the database says what else goes wrong, one "name value" a line; it may change at any
// time, and without it nothing does:
//   sync-delay-ms N   each sync takes that much longer
//   sync-fails 1      syncs fail, and what they should have written is never written, as Linux does it
//   full 1            no write finds space, not even over old bytes: so are file systems that copy on write
//   leak-permille N   so many of 1000 writes reach the file without a sync, whole or torn
#pragma once

namespace quoit::test {

/// Takes the place of SQLite's "unix-excl" in this process. Before the first database is opened.
void installPowerLossVfs();

} // namespace quoit::test
