// tests/cluster/held_file.h - the bytes of one file as a machine sees them: what is on the disk, and before it what was
// written and not synced. The real file stands for the disk. Thread-safe; shared by all who have the file open.
#pragma once

#include "shared/base/random.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

struct sqlite3_file;

namespace quoit::test {

/// What the file "faults" asks for; see power_loss_vfs.h.
struct DiskFaults
{
    int syncDelayMs = 0;
    bool syncFails = false;
    bool isFull = false;
    int leakPermille = 0;
};

/// @return no faults if there is no such file
DiskFaults readDiskFaults(const std::string& fileName);

/// Functions that return int return codes of SQLite. The real file is any open handle of it.
class HeldFile
{
public:
    /// @param name with its folder, where "faults" is looked for; empty: a temporary file
    HeldFile(const std::string& name, std::int64_t byteCount);

    /// What is asked for now; looked up every few milliseconds.
    DiskFaults faults();
    int read(sqlite3_file* real, char* to, int count, std::int64_t at);
    int write(sqlite3_file* real, const char* bytes, int count, std::int64_t at);
    void truncate(std::int64_t byteCount);
    std::int64_t byteCount();
    /// Brings to the disk what was written, block by block in any order, as a system does.
    int writeBack(sqlite3_file* real);
    /// What should have been written is still read by this machine, and never reaches the disk.
    void failSync();

private:
    static constexpr std::int64_t blockBytes = 4096;
    struct Block
    {
        std::array<char, blockBytes> bytes;
        bool isDirty;
    };
    Block& blockAt(sqlite3_file* real, std::int64_t index);
    /// The disk's bytes; zeros where it has none.
    int readDisk(sqlite3_file* real, char* to, std::int64_t count, std::int64_t at) const;
    int truncateDisk(sqlite3_file* real) const;
    void leak(sqlite3_file* real, const char* bytes, int count, std::int64_t at);

    const std::string m_faultsName;
    std::mutex m_mutex;                     ///< everything below
    std::map<std::int64_t, Block> m_blocks; ///< by index; in front of the disk's
    std::int64_t m_byteCount;
    std::int64_t m_diskBytes; ///< so much of the real file counts: it may be longer after truncate()
    DiskFaults m_faults;
    std::int64_t m_faultsReadMs = 0;
    Random m_random;
};

} // namespace quoit::test
