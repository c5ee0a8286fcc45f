#include "tests/unit/store/faulty_vfs.h"

#include <sqlite3.h>

#include <cstring>

namespace quoit::test {

namespace {

Faults faults;
sqlite3_vfs* real = nullptr;
sqlite3_vfs faulty;
sqlite3_io_methods methods;

/// SQLite allocates it; the real file follows in the same memory.
struct File
{
    sqlite3_file base;
    bool log;
};

bool isLog(const sqlite3_file* file)
{
    return reinterpret_cast<const File*>(file)->log;
}

sqlite3_file* realOf(sqlite3_file* file)
{
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(File));
}

int writeFile(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset)
{
    if (const int code = faults.writeCode) {
        ++faults.failedWrites;
        return code;
    }
    if (isLog(file)) {
        faults.logUnsynced = true;
        ++faults.logWrites;
    }
    return realOf(file)->pMethods->xWrite(realOf(file), bytes, count, offset);
}

int syncFile(sqlite3_file* file, int flags)
{
    if (const int code = faults.syncCode) {
        ++faults.failedSyncs;
        return code;
    }
    const int code = realOf(file)->pMethods->xSync(realOf(file), flags);
    if (isLog(file) && code == SQLITE_OK)
        faults.logUnsynced = false;
    return code;
}

int controlFile(sqlite3_file* file, int what, void* value)
{
    if (what == SQLITE_FCNTL_LAST_ERRNO) {
        *static_cast<int*>(value) = faults.systemError;
        return SQLITE_OK;
    }
    return realOf(file)->pMethods->xFileControl(realOf(file), what, value);
}

void fillMethods()
{
    methods.iVersion = 2;
    methods.xClose = [](sqlite3_file* f) { return realOf(f)->pMethods->xClose(realOf(f)); };
    methods.xRead = [](sqlite3_file* f, void* to, int count, sqlite3_int64 at) {
        return realOf(f)->pMethods->xRead(realOf(f), to, count, at);
    };
    methods.xWrite = writeFile;
    methods.xTruncate = [](sqlite3_file* f, sqlite3_int64 count) {
        return realOf(f)->pMethods->xTruncate(realOf(f), count);
    };
    methods.xSync = syncFile;
    methods.xFileSize = [](sqlite3_file* f, sqlite3_int64* count) {
        return realOf(f)->pMethods->xFileSize(realOf(f), count);
    };
    methods.xLock = [](sqlite3_file* f, int level) { return realOf(f)->pMethods->xLock(realOf(f), level); };
    methods.xUnlock = [](sqlite3_file* f, int level) { return realOf(f)->pMethods->xUnlock(realOf(f), level); };
    methods.xCheckReservedLock = [](sqlite3_file* f, int* out) {
        return realOf(f)->pMethods->xCheckReservedLock(realOf(f), out);
    };
    methods.xFileControl = controlFile;
    methods.xSectorSize = [](sqlite3_file* f) { return realOf(f)->pMethods->xSectorSize(realOf(f)); };
    methods.xDeviceCharacteristics = [](sqlite3_file* f) {
        return realOf(f)->pMethods->xDeviceCharacteristics(realOf(f));
    };
    methods.xShmMap = [](sqlite3_file* f, int page, int count, int extend, void volatile** to) {
        return realOf(f)->pMethods->xShmMap(realOf(f), page, count, extend, to);
    };
    methods.xShmLock = [](sqlite3_file* f, int at, int count, int flags) {
        return realOf(f)->pMethods->xShmLock(realOf(f), at, count, flags);
    };
    methods.xShmBarrier = [](sqlite3_file* f) { realOf(f)->pMethods->xShmBarrier(realOf(f)); };
    methods.xShmUnmap = [](sqlite3_file* f, int remove) { return realOf(f)->pMethods->xShmUnmap(realOf(f), remove); };
}

int openFile(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* flagsOut)
{
    file->pMethods = nullptr;
    reinterpret_cast<File*>(file)->log = (flags & SQLITE_OPEN_WAL) != 0;
    const int code = real->xOpen(real, name, realOf(file), flags, flagsOut);
    if (code == SQLITE_OK)
        file->pMethods = &methods;
    return code;
}

} // namespace

Faults& faultyVfs()
{
    if (!real) {
        real = sqlite3_vfs_find("unix-excl");
        fillMethods();
        faulty = *real; // what isn't replaced works on names, and goes to the real one
        faulty.pNext = nullptr;
        faulty.zName = faultyVfsName;
        faulty.szOsFile = real->szOsFile + static_cast<int>(sizeof(File));
        faulty.xOpen = openFile;
        faulty.xGetLastError = [](sqlite3_vfs*, int, char*) { return faults.systemError.load(); };
        sqlite3_vfs_register(&faulty, 0);
    }
    return faults;
}

} // namespace quoit::test
