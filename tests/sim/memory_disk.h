// tests/sim/memory_disk.h - a disk for SQLite that exists in memory only, and knows of every byte whether a loss of
// power would take it. Decides what survives a crash; memory_vfs.cpp brings SQLite to it. No I/O, no clock, no chance
// but the caller's.
//
// A file has two contents: what processes see (the kernel's cache), and what was synced, with the list of changes
// since. The end of a process loses neither; the loss of power loses any part of the changes. Directory entries are
// treated likewise: a new or deleted file is sure only after the sync of the directory that SQLite's own Unix layer
// asks for.
#pragma once

#include "shared/base/random.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace quoit::sim {

/// The name of the SQLite VFS. Paths are "<disk name>/<file name>".
inline constexpr const char* memoryVfsName = "memory-disk";

/// What becomes of the changes that were not synced, file by file.
enum class PowerLoss {
    Nothing, ///< none survives
    Prefix,  ///< the first few, in their order
    Subset,  ///< any of them
    Torn,    ///< any of them, and of some only a part of their sectors
};
inline constexpr int powerLossStyles = 4;

enum class CrashSide { Before, After };

/// What the disk does wrong; set at any time.
struct DiskFaults
{
    bool full = false;                   ///< every write fails for lack of space
    std::uint64_t bytesMax = UINT64_MAX; ///< writes that make the files longer than that together fail likewise
    int failingSyncs = 0;                ///< so many fail; -1: all. What they should have synced is lost by half
    int failingReads = 0;                ///< likewise
};

/// Since the disk was made.
struct DiskCounters
{
    std::uint64_t reads = 0;
    std::uint64_t operations = 0; ///< writes, truncations, syncs and removals: the points at which a crash can be set
    std::uint64_t writes = 0;
    std::uint64_t syncs = 0;
    std::uint64_t lostWrites = 0; ///< gone in a loss of power or a failed sync, entirely
    std::uint64_t tornWrites = 0; ///< in part
    std::uint64_t fullWrites = 0; ///< refused for lack of space
    std::uint64_t failedSyncs = 0;
    std::uint64_t failedReads = 0;
    std::uint64_t flippedBits = 0;
};

/// Locks and shared memory of the connections of one process to one file; memory_vfs.cpp knows more.
struct FileLocks;

/// One file. For memory_disk.cpp and memory_vfs.cpp.
struct DiskFile
{
    struct Change
    {
        std::uint64_t at = 0;    ///< of a truncation: the new length
        std::uint64_t count = 0; ///< bytes written
        bool truncation = false;
    };
    std::string bytes;                ///< as processes see it
    std::string synced;               ///< as it was last synced
    std::vector<Change> changes;      ///< since then, in order
    std::string written;              ///< the bytes of those changes, one behind the other
    std::shared_ptr<FileLocks> locks; ///< null: no connection in this life
};

/// The disk of one node. Lives longer than every connection to it. One thread at a time; but disks of several threads
/// may live side by side.
class MemoryDisk
{
public:
    /// @param name  unique among the disks of this process; no '/'
    /// @param seed  for what a failed sync loses
    explicit MemoryDisk(std::string name, std::uint64_t seed = 1);
    ~MemoryDisk();
    MemoryDisk(const MemoryDisk&) = delete;
    MemoryDisk& operator=(const MemoryDisk&) = delete;

    const std::string& name() const { return m_name; }

    /// The process ends, as by SIGKILL: every call of its connections fails from now on, whatever was written stays.
    /// The next process may open the files.
    void kill();
    /// The machine stops: as kill(), and what was not synced is lost.
    void powerLoss(Random& random, PowerLoss style);
    /// The disk stops answering just before or just after the so many-th operation from now takes effect (1: the next).
    /// Every call fails from then on, until kill() or powerLoss().
    void crashAfter(std::uint64_t operations, CrashSide side);
    /// The crash point was reached: the simulator ends the process.
    bool dead() const { return m_dead; }

    DiskFaults& faults() { return m_faults; }
    const DiskCounters& counters() const { return m_counters; }

    /// The whole disk as processes see it.
    struct Image
    {
        std::map<std::string, std::string> files;
    };
    Image snapshot() const;
    /// Puts a copy back, all of it synced; the process ends.
    void restore(const Image& image);
    void wipe() { restore({}); }

    /// Damages one bit of what is stored, unnoticed. @return false if there is no such byte
    bool flipBit(const std::string& file, std::uint64_t byte, int bit);
    /// Any bit, but rather where something is than among zeros. @param file  empty: of any file
    /// @return "file:byte:bit", empty if there are no bytes
    std::string flipBit(Random& random, const std::string& file = {});

    /// As processes see it. @return 0 if there is no such file
    std::uint64_t fileBytes(const std::string& file) const;
    std::uint64_t bytes() const;

    // What the VFS calls; results are SQLite's.
    std::uint64_t life() const { return m_life; }
    bool exists(const std::string& file) const;
    std::shared_ptr<DiskFile> open(const std::string& file, bool create);
    int remove(const std::string& file, bool syncDirectory);
    int read(const DiskFile& file, char* to, std::uint64_t count, std::uint64_t at);
    int write(DiskFile& file, const char* from, std::uint64_t count, std::uint64_t at);
    int truncate(DiskFile& file, std::uint64_t count);
    int sync(DiskFile& file, bool syncDirectory);

private:
    struct Entry
    {
        std::shared_ptr<DiskFile> now;    ///< null: no such file
        std::shared_ptr<DiskFile> synced; ///< what a loss of power would leave; null: none
    };
    bool begin();
    void syncDirectory();
    void lose(DiskFile& file, Random& random, PowerLoss style);

    const std::string m_name;
    Random m_random;
    std::map<std::string, Entry> m_entries;
    std::uint64_t m_life = 1;
    bool m_dead = false;
    std::uint64_t m_crashAt = 0; ///< of counters.operations; 0: never
    CrashSide m_crashSide = CrashSide::Before;
    DiskFaults m_faults;
    DiskCounters m_counters;
};

/// Makes SQLite's own random numbers (the salts of its logs) a function of this seed, for the whole process.
/// @param seed  not 0
void seedSqlite(std::uint32_t seed);

} // namespace quoit::sim
