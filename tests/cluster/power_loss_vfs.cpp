#include "tests/cluster/power_loss_vfs.h"

#include "tests/cluster/held_file.h"

#include <sqlite3.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <new>
#include <string>
#include <thread>

namespace quoit::test {

namespace {

constexpr const char* shadowedName = "unix-excl"; // what the store asks for

sqlite3_vfs* real = nullptr;
sqlite3_vfs shadow;
sqlite3_io_methods methods;

std::mutex registryMutex;
std::map<std::string, std::weak_ptr<HeldFile>>& registry()
{
    static std::map<std::string, std::weak_ptr<HeldFile>> files;
    return files;
}

/// SQLite allocates it; the real file follows in the same memory.
struct File
{
    sqlite3_file base;
    std::shared_ptr<HeldFile> held;
};
constexpr std::size_t fileBytes = (sizeof(File) + 15) / 16 * 16;

sqlite3_file* realOf(sqlite3_file* file)
{
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + fileBytes);
}

HeldFile& heldOf(sqlite3_file* file)
{
    return *reinterpret_cast<File*>(file)->held;
}

/// The files of one process share what is held back: each is opened by several connections.
std::shared_ptr<HeldFile> shared(const std::string& name, sqlite3_file* realFile)
{
    const std::lock_guard lock(registryMutex);
    std::weak_ptr<HeldFile>& entry = registry()[name];
    std::shared_ptr<HeldFile> file = entry.lock();
    if (!file) {
        sqlite3_int64 byteCount = 0;
        realFile->pMethods->xFileSize(realFile, &byteCount);
        file = std::make_shared<HeldFile>(name, byteCount);
        entry = file;
    }
    return file;
}

int closeFile(sqlite3_file* file)
{
    auto* const own = reinterpret_cast<File*>(file);
    {
        const std::lock_guard lock(registryMutex);
        // Who ends in order leaves a system behind that writes everything sooner or later.
        if (own->held.use_count() == 1)
            own->held->writeBack(realOf(file));
        own->held.reset();
    }
    own->held.~shared_ptr();
    return realOf(file)->pMethods->xClose(realOf(file));
}

int syncFile(sqlite3_file* file, int)
{
    const DiskFaults faults = heldOf(file).faults();
    if (faults.syncDelayMs > 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(faults.syncDelayMs));
    if (faults.syncFails) {
        heldOf(file).failSync();
        return SQLITE_IOERR_FSYNC;
    }
    return heldOf(file).writeBack(realOf(file));
}

int controlFile(sqlite3_file* file, int what, void* value)
{
    if (what == SQLITE_FCNTL_LAST_ERRNO && heldOf(file).faults().syncFails) {
        *static_cast<int*>(value) = EIO;
        return SQLITE_OK;
    }
    return realOf(file)->pMethods->xFileControl(realOf(file), what, value);
}

/// What has nothing to do with bytes goes to the real file.
void fillPassing()
{
    methods.xLock = [](sqlite3_file* f, int level) { return realOf(f)->pMethods->xLock(realOf(f), level); };
    methods.xUnlock = [](sqlite3_file* f, int level) { return realOf(f)->pMethods->xUnlock(realOf(f), level); };
    methods.xCheckReservedLock = [](sqlite3_file* f, int* out) {
        return realOf(f)->pMethods->xCheckReservedLock(realOf(f), out);
    };
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

void fillMethods()
{
    methods.iVersion = 2; // no memory mapping: it would go past this layer
    methods.xClose = closeFile;
    methods.xRead = [](sqlite3_file* f, void* to, int count, sqlite3_int64 at) {
        return heldOf(f).read(realOf(f), static_cast<char*>(to), count, at);
    };
    methods.xWrite = [](sqlite3_file* f, const void* bytes, int count, sqlite3_int64 at) {
        return heldOf(f).write(realOf(f), static_cast<const char*>(bytes), count, at);
    };
    methods.xTruncate = [](sqlite3_file* f, sqlite3_int64 count) {
        heldOf(f).truncate(count);
        return SQLITE_OK;
    };
    methods.xSync = syncFile;
    methods.xFileSize = [](sqlite3_file* f, sqlite3_int64* count) {
        *count = heldOf(f).byteCount();
        return SQLITE_OK;
    };
    methods.xFileControl = controlFile;
    fillPassing();
}

int openFile(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* flagsOut)
{
    file->pMethods = nullptr;
    const int code = real->xOpen(real, name, realOf(file), flags, flagsOut);
    if (code != SQLITE_OK)
        return code;
    new (&reinterpret_cast<File*>(file)->held)
        std::shared_ptr<HeldFile>(name ? shared(name, realOf(file)) : std::make_shared<HeldFile>(std::string(), 0));
    file->pMethods = &methods;
    return code;
}

int deleteFile(sqlite3_vfs*, const char* name, int syncFolder)
{
    const std::lock_guard lock(registryMutex);
    registry().erase(name);
    return real->xDelete(real, name, syncFolder);
}

} // namespace

void installPowerLossVfs()
{
    if (real)
        return;
    // The store sets this too, but it counts only before SQLite's first use, which is below.
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    real = sqlite3_vfs_find(shadowedName);
    fillMethods();
    shadow = *real; // what isn't replaced works on names
    shadow.pNext = nullptr;
    shadow.szOsFile = real->szOsFile + static_cast<int>(fileBytes);
    shadow.xOpen = openFile;
    shadow.xDelete = deleteFile;
    // SQLite looks for names from the newest to the oldest, but for the default.
    sqlite3_vfs_register(&shadow, 0);
}

} // namespace quoit::test
