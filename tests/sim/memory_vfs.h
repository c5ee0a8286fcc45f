// tests/sim/memory_vfs.h - SQLite's way to the memory disks: one VFS for all of them, told apart by their names. Locks
// and shared memory work as "unix-excl" does among the connections of one process.
#pragma once

namespace quoit::sim {

class MemoryDisk;

/// Registers the VFS with SQLite at the first call. Any thread.
void registerDisk(MemoryDisk& disk);
/// No connection to it may be open any more.
void unregisterDisk(MemoryDisk& disk);

} // namespace quoit::sim
