// tests/unit/store/faulty_vfs.h - SQLite's "unix-excl" file layer with faults on request. Any thread may set them.
#pragma once

#include <atomic>

namespace quoit::test {

/// What fails, and how often it did; and what a loss of power would take.
struct Faults
{
    std::atomic<int> writeCode{0};   ///< SQLite's code for every write; 0: none fails
    std::atomic<int> syncCode{0};    ///< likewise for every fsync
    std::atomic<int> systemError{0}; ///< the errno that goes with them
    std::atomic<int> failedWrites{0};
    std::atomic<int> failedSyncs{0};

    std::atomic<bool> logUnsynced{false}; ///< SQLite's write-ahead log has writes that no fsync has followed
    std::atomic<int> logWrites{0};

    void clear()
    {
        writeCode = 0;
        syncCode = 0;
        systemError = 0;
        failedWrites = 0;
        failedSyncs = 0;
        logUnsynced = false;
        logWrites = 0;
    }
};

inline constexpr const char* faultyVfsName = "faulty";

/// Registers the layer at the first call. The faults are those of all its files.
Faults& faultyVfs();

} // namespace quoit::test
