#include "tests/sim/memory_vfs.h"

#include "shared/base/result.h"
#include "tests/sim/memory_disk.h"

#include <sqlite3.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <string_view>

namespace quoit::sim {

/// Connections keep it alive until they are closed: SQLite may touch its shared memory up to then.
struct FileLocks
{
    int readers = 0;              ///< connections with any lock on the file
    const void* writer = nullptr; ///< the one with more than a shared lock
    int writerLevel = SQLITE_LOCK_NONE;

    std::vector<std::unique_ptr<char[]>> regions;
    int mapped = 0; ///< connections that use the regions
    std::array<int, SQLITE_SHM_NLOCK> sharedHolders{};
    std::array<const void*, SQLITE_SHM_NLOCK> exclusiveHolder{};
};

namespace {

struct Disks
{
    std::mutex mutex;
    std::map<std::string, MemoryDisk*, std::less<>> byName;
    std::map<const MemoryDisk*, int> open; ///< connections
};

Disks& disks()
{
    static Disks all;
    return all;
}

/// What one connection knows of one file.
struct OpenFile
{
    MemoryDisk& disk;
    std::shared_ptr<DiskFile> file;
    std::shared_ptr<FileLocks> locks;
    std::uint64_t life;
    bool syncsDirectory; ///< at its first sync; as SQLite's layer for Unix: also for a log that was there, perhaps not durably
    bool deleteOnClose;
    std::string name;
    int level = SQLITE_LOCK_NONE;
    bool mapped = false;
    unsigned sharedMask = 0;
    unsigned exclusiveMask = 0;

    bool alive() const { return life == disk.life() && !disk.dead(); }
};

/// SQLite allocates it.
struct File
{
    sqlite3_file base;
    OpenFile* open;
};

OpenFile& of(sqlite3_file* file)
{
    return *reinterpret_cast<File*>(file)->open;
}

int unlock(sqlite3_file* file, int level)
{
    OpenFile& open = of(file);
    if (open.level <= level)
        return SQLITE_OK;
    FileLocks& locks = *open.locks;
    if (locks.writer == &open) {
        locks.writer = nullptr;
        locks.writerLevel = SQLITE_LOCK_NONE;
    }
    if (level == SQLITE_LOCK_NONE)
        --locks.readers;
    open.level = level;
    return SQLITE_OK;
}

/// The rules are at https://www.sqlite.org/lockingv3.html.
int lock(sqlite3_file* file, int level)
{
    OpenFile& open = of(file);
    if (!open.alive())
        return SQLITE_IOERR_LOCK;
    if (open.level >= level)
        return SQLITE_OK;
    FileLocks& locks = *open.locks;
    const bool otherWriter = locks.writer && locks.writer != &open;
    if (level == SQLITE_LOCK_SHARED) {
        if (otherWriter && locks.writerLevel >= SQLITE_LOCK_PENDING)
            return SQLITE_BUSY;
        ++locks.readers;
        open.level = level;
        return SQLITE_OK;
    }
    if (otherWriter)
        return SQLITE_BUSY;
    locks.writer = &open;
    const bool alone = locks.readers == 1;
    open.level = level == SQLITE_LOCK_EXCLUSIVE && !alone ? SQLITE_LOCK_PENDING : level;
    locks.writerLevel = open.level;
    return open.level == level ? SQLITE_OK : SQLITE_BUSY;
}

int shmUnmap(sqlite3_file* file, int)
{
    OpenFile& open = of(file);
    if (!open.mapped)
        return SQLITE_OK;
    FileLocks& locks = *open.locks;
    for (unsigned i = 0; i < SQLITE_SHM_NLOCK; ++i) {
        if (open.sharedMask & (1u << i))
            --locks.sharedHolders[i];
        if (open.exclusiveMask & (1u << i))
            locks.exclusiveHolder[i] = nullptr;
    }
    open.sharedMask = 0;
    open.exclusiveMask = 0;
    open.mapped = false;
    if (--locks.mapped == 0)
        locks.regions.clear();
    return SQLITE_OK;
}

int shmMap(sqlite3_file* file, int region, int regionBytes, int extend, void volatile** memory)
{
    OpenFile& open = of(file);
    *memory = nullptr;
    if (!open.alive())
        return SQLITE_IOERR_SHMMAP;
    FileLocks& locks = *open.locks;
    if (!open.mapped) {
        open.mapped = true;
        ++locks.mapped;
    }
    const auto wanted = static_cast<std::size_t>(region) + 1;
    while (extend && locks.regions.size() < wanted)
        locks.regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(regionBytes)));
    if (locks.regions.size() >= wanted)
        *memory = locks.regions[wanted - 1].get();
    return SQLITE_OK;
}

int shmLock(sqlite3_file* file, int first, int count, int flags)
{
    OpenFile& open = of(file);
    FileLocks& locks = *open.locks;
    const auto begin = static_cast<unsigned>(first);
    const auto end = begin + static_cast<unsigned>(count);
    const unsigned mask = ((1u << end) - 1) & ~((1u << begin) - 1);
    if (flags & SQLITE_SHM_UNLOCK) {
        for (unsigned i = begin; i < end; ++i) {
            if (open.sharedMask & (1u << i))
                --locks.sharedHolders[i];
            if (open.exclusiveMask & (1u << i))
                locks.exclusiveHolder[i] = nullptr;
        }
        open.sharedMask &= ~mask;
        open.exclusiveMask &= ~mask;
        return SQLITE_OK;
    }
    if (!open.alive())
        return SQLITE_IOERR_SHMLOCK;
    const bool exclusive = flags & SQLITE_SHM_EXCLUSIVE;
    for (unsigned i = begin; i < end; ++i) {
        const int othersShared = locks.sharedHolders[i] - ((open.sharedMask & (1u << i)) ? 1 : 0);
        const bool othersExclusive = locks.exclusiveHolder[i] && locks.exclusiveHolder[i] != &open;
        if (othersExclusive || (exclusive && othersShared > 0))
            return SQLITE_BUSY;
    }
    for (unsigned i = begin; i < end; ++i) {
        if (exclusive)
            locks.exclusiveHolder[i] = &open;
        else if (!(open.sharedMask & (1u << i)))
            ++locks.sharedHolders[i];
    }
    (exclusive ? open.exclusiveMask : open.sharedMask) |= mask;
    return SQLITE_OK;
}

int closeFile(sqlite3_file* file)
{
    OpenFile* const open = &of(file);
    shmUnmap(file, 0);
    unlock(file, SQLITE_LOCK_NONE);
    if (open->deleteOnClose && open->alive())
        open->disk.remove(open->name, false);
    {
        const std::lock_guard guard(disks().mutex);
        --disks().open[&open->disk];
    }
    delete open;
    file->pMethods = nullptr;
    return SQLITE_OK;
}

int controlFile(sqlite3_file* file, int what, void* value)
{
    if (what == SQLITE_FCNTL_LAST_ERRNO) {
        *static_cast<int*>(value) = of(file).alive() ? 0 : EIO;
        return SQLITE_OK;
    }
    if (what == SQLITE_FCNTL_HAS_MOVED) {
        *static_cast<int*>(value) = 0;
        return SQLITE_OK;
    }
    return what == SQLITE_FCNTL_SIZE_HINT ? SQLITE_OK : SQLITE_NOTFOUND;
}

sqlite3_io_methods makeMethods()
{
    sqlite3_io_methods methods{};
    methods.iVersion = 2;
    methods.xClose = closeFile;
    methods.xRead = [](sqlite3_file* f, void* to, int count, sqlite3_int64 at) {
        return !of(f).alive() ? SQLITE_IOERR_READ
                              : of(f).disk.read(*of(f).file, static_cast<char*>(to), static_cast<std::uint64_t>(count),
                                                static_cast<std::uint64_t>(at));
    };
    methods.xWrite = [](sqlite3_file* f, const void* from, int count, sqlite3_int64 at) {
        return !of(f).alive() ? SQLITE_IOERR_WRITE
                              : of(f).disk.write(*of(f).file, static_cast<const char*>(from),
                                                 static_cast<std::uint64_t>(count), static_cast<std::uint64_t>(at));
    };
    methods.xTruncate = [](sqlite3_file* f, sqlite3_int64 count) {
        return !of(f).alive() ? SQLITE_IOERR_TRUNCATE
                              : of(f).disk.truncate(*of(f).file, static_cast<std::uint64_t>(count));
    };
    methods.xSync = [](sqlite3_file* f, int) {
        OpenFile& open = of(f);
        if (!open.alive())
            return SQLITE_IOERR_FSYNC;
        const int code = open.disk.sync(*open.file, open.syncsDirectory);
        open.syncsDirectory = open.syncsDirectory && code != SQLITE_OK;
        return code;
    };
    methods.xFileSize = [](sqlite3_file* f, sqlite3_int64* count) {
        *count = static_cast<sqlite3_int64>(of(f).file->bytes.size());
        return of(f).alive() ? SQLITE_OK : SQLITE_IOERR_FSTAT;
    };
    methods.xLock = lock;
    methods.xUnlock = unlock;
    methods.xCheckReservedLock = [](sqlite3_file* f, int* reserved) {
        *reserved = of(f).locks->writer != nullptr;
        return of(f).alive() ? SQLITE_OK : SQLITE_IOERR_CHECKRESERVEDLOCK;
    };
    methods.xFileControl = controlFile;
    methods.xSectorSize = [](sqlite3_file*) { return 4096; }; // both as the Unix layer says
    methods.xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; };
    methods.xShmMap = shmMap;
    methods.xShmLock = shmLock;
    methods.xShmBarrier = [](sqlite3_file*) {};
    methods.xShmUnmap = shmUnmap;
    return methods;
}

const sqlite3_io_methods methods = makeMethods();

struct Place
{
    MemoryDisk* disk = nullptr;
    std::string file;
};

/// @param path  "disk/file". Call with the mutex held.
Place placeOf(std::string_view path)
{
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos)
        return {};
    const auto found = disks().byName.find(path.substr(0, slash));
    if (found == disks().byName.end())
        return {};
    return {found->second, std::string(path.substr(slash + 1))};
}

int openFile(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* flagsOut)
{
    file->pMethods = nullptr;
    if (!path)
        return SQLITE_CANTOPEN; // temporary files: the store keeps them in memory
    const std::lock_guard guard(disks().mutex);
    const Place place = placeOf(path);
    if (!place.disk || place.disk->dead())
        return SQLITE_CANTOPEN;
    const bool existed = place.disk->exists(place.file);
    const bool create = flags & SQLITE_OPEN_CREATE;
    if (existed && create && (flags & SQLITE_OPEN_EXCLUSIVE))
        return SQLITE_CANTOPEN;
    std::shared_ptr<DiskFile> opened = place.disk->open(place.file, create);
    if (!opened)
        return SQLITE_CANTOPEN;
    if (!opened->locks)
        opened->locks = std::make_shared<FileLocks>();
    constexpr int logs = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
    std::shared_ptr<FileLocks> locks = opened->locks;
    reinterpret_cast<File*>(file)->open = new OpenFile{*place.disk,
                                                       std::move(opened),
                                                       std::move(locks),
                                                       place.disk->life(),
                                                       create && (flags & logs) != 0,
                                                       (flags & SQLITE_OPEN_DELETEONCLOSE) != 0,
                                                       place.file};
    ++disks().open[place.disk];
    if (flagsOut)
        *flagsOut = flags;
    file->pMethods = &methods;
    return SQLITE_OK;
}

int removeFile(sqlite3_vfs*, const char* path, int syncDirectory)
{
    const std::lock_guard guard(disks().mutex);
    const Place place = placeOf(path);
    return place.disk ? place.disk->remove(place.file, syncDirectory != 0) : SQLITE_IOERR_DELETE_NOENT;
}

int accessFile(sqlite3_vfs*, const char* path, int, int* there)
{
    const std::lock_guard guard(disks().mutex);
    const Place place = placeOf(path);
    if (place.disk && place.disk->dead())
        return SQLITE_IOERR_ACCESS;
    *there = place.disk && place.disk->exists(place.file);
    return SQLITE_OK;
}

int fullPath(sqlite3_vfs*, const char* path, int count, char* to)
{
    const std::size_t length = std::strlen(path);
    if (length >= static_cast<std::size_t>(count))
        return SQLITE_CANTOPEN;
    std::memcpy(to, path, length + 1);
    return SQLITE_OK;
}

sqlite3_vfs makeVfs()
{
    sqlite3_vfs vfs{};
    vfs.iVersion = 2;
    vfs.szOsFile = sizeof(File);
    vfs.mxPathname = 256;
    vfs.zName = memoryVfsName;
    vfs.xOpen = openFile;
    vfs.xDelete = removeFile;
    vfs.xAccess = accessFile;
    vfs.xFullPathname = fullPath;
    vfs.xRandomness = [](sqlite3_vfs*, int count, char* to) {
        std::memset(to, 0, static_cast<std::size_t>(count));
        return count;
    };
    vfs.xSleep = [](sqlite3_vfs*, int microseconds) { return microseconds; };
    vfs.xCurrentTime = [](sqlite3_vfs*, double* days) {
        *days = 2460000;
        return SQLITE_OK;
    };
    vfs.xCurrentTimeInt64 = [](sqlite3_vfs*, sqlite3_int64* milliseconds) {
        *milliseconds = 2460000LL * 86'400'000;
        return SQLITE_OK;
    };
    vfs.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
    return vfs;
}

} // namespace

void registerDisk(MemoryDisk& disk)
{
    static sqlite3_vfs vfs = makeVfs();
    const std::lock_guard guard(disks().mutex);
    if (!sqlite3_vfs_find(memoryVfsName))
        QUOIT_ENSURE(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
    QUOIT_ENSURE(disks().byName.emplace(disk.name(), &disk).second);
}

void unregisterDisk(MemoryDisk& disk)
{
    const std::lock_guard guard(disks().mutex);
    QUOIT_ENSURE(disks().open[&disk] == 0);
    disks().open.erase(&disk);
    disks().byName.erase(disk.name());
}

void seedSqlite(std::uint32_t seed)
{
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(seed), nullptr);
}

} // namespace quoit::sim
