#include "node/store/checked_vfs.h"

#include "node/core/planted_bug.h"
#include "node/store/log_gather.h"
#include "node/store/synced_mark.h"

#include <sqlite3.h>
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace quoit {

namespace {

constexpr int pageBytesMin = 512;
constexpr int pageBytesMax = 65536;
constexpr int logHeaderBytes = 32; ///< https://www.sqlite.org/fileformat.html, section 4
constexpr int frameHeaderBytes = 24;
constexpr int subpageReads = 0x8000; // SQLITE_IOCAP_SUBPAGE_READ, of later versions: only whole pages can be checked
constexpr int askForDamage = 0x51756f69; // file controls of our own
constexpr int askForSyncTime = 0x51756f6a;

/// What is known of one write-ahead log. Shared by its connections, on several threads.
struct Log
{
    Log(sqlite3_vfs* vfs, const std::string& path)
        : mark(vfs, path)
    {}

    std::atomic<int> pageBytes{0};     ///< 0: no header was seen yet
    std::mutex mutex;                  ///< protects the next two; held for a moment only: commits and lookups meet here
    std::uint64_t salt = 0;            ///< of the header
    std::vector<std::uint64_t> frames; ///< sums of their pages; 0: unknown

    std::mutex markMutex;
    SyncedMark mark; ///< protected by `markMutex`
};

struct Layer
{
    sqlite3_vfs vfs; ///< first: SQLite's pointer is one to the layer
    sqlite3_vfs* below = nullptr;
    std::string name;
    std::mutex mutex;
    std::map<std::string, std::weak_ptr<Log>, std::less<>> logs; ///< by path
};

enum class Kind { Database, Log, Other };

/// What belongs to one open file beside what SQLite allocates.
struct Checked
{
    Kind kind = Kind::Other;
    std::vector<char> page; ///< on its way to the file
    std::optional<PageDamage> damage;

    std::shared_ptr<Log> log;      ///< null if it is none
    LogGather gather;              ///< of a log
    std::int64_t commitFrame = -1; ///< the last frame, counted from 0, if its header ends a transaction
    SyncedLog committed;           ///< by this connection
    std::chrono::microseconds lastSync{0};
};

/// SQLite allocates it; the file below follows in the same memory.
struct File
{
    sqlite3_file base;
    Checked* checked;
};

Checked& checkedOf(sqlite3_file* file)
{
    return *reinterpret_cast<File*>(file)->checked;
}

sqlite3_file* belowOf(sqlite3_file* file)
{
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(File));
}

std::uint64_t sumOf(const char* page, int pageBytes, std::uint64_t number)
{
    return XXH3_64bits(page, static_cast<std::size_t>(pageBytes - pageSumBytes)) ^ (number * 0x9e3779b97f4a7c15ULL);
}

void storeSum(char* to, std::uint64_t sum)
{
    for (int i = 0; i < pageSumBytes; ++i)
        to[i] = static_cast<char>(sum >> (8 * i));
}

std::uint64_t storedSum(const char* from)
{
    std::uint64_t sum = 0;
    for (int i = 0; i < pageSumBytes; ++i)
        sum |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(from[i])) << (8 * i);
    return sum;
}

/// Headers are shorter than any page.
bool isPage(const Checked& checked, int count, sqlite3_int64 at)
{
    return checked.kind == Kind::Database && count >= pageBytesMin && at % count == 0;
}

std::uint32_t bigEndian(const char* bytes)
{
    std::uint32_t number = 0;
    for (int i = 0; i < 4; ++i)
        number = number << 8 | static_cast<std::uint8_t>(bytes[i]);
    return number;
}

enum class LogPart { Other, Header, FrameHeader, Page, Frame };
struct LogPlace
{
    LogPart part = LogPart::Other;
    std::int64_t frame = 0; ///< from 0
};

/// @param pageBytes  0: unknown
LogPlace placeIn(int pageBytes, int count, sqlite3_int64 at)
{
    if (at == 0 && count == logHeaderBytes)
        return {LogPart::Header};
    if (pageBytes == 0 || at < logHeaderBytes)
        return {};
    const std::int64_t frameBytes = pageBytes + frameHeaderBytes;
    const std::int64_t frame = (at - logHeaderBytes) / frameBytes;
    const std::int64_t offset = (at - logHeaderBytes) % frameBytes;
    if (offset == frameHeaderBytes && count == pageBytes)
        return {LogPart::Page, frame};
    if (offset == 0 && count == frameHeaderBytes)
        return {LogPart::FrameHeader, frame};
    if (offset == 0 && count == frameBytes)
        return {LogPart::Frame, frame};
    return {};
}

/// Call with the log's mutex held.
std::uint64_t& sumIn(Log& log, std::int64_t frame)
{
    const auto index = static_cast<std::size_t>(frame);
    if (log.frames.size() <= index)
        log.frames.resize(index + 1);
    return log.frames[index];
}

/// The header begins another life of the log. Call with the log's mutex held.
void takeHeader(Log& log, const char* header)
{
    const std::uint32_t pageBytes = bigEndian(header + 8);
    log.pageBytes = pageBytes >= pageBytesMin && pageBytes <= pageBytesMax ? static_cast<int>(pageBytes) : 0;
    log.salt = static_cast<std::uint64_t>(bigEndian(header + 16)) << 32 | bigEndian(header + 20);
    log.frames.clear();
}

/// @return SQLite's code for a page that was read whole
int verifyPage(Checked& checked, const char* bytes, int count, sqlite3_int64 at)
{
    const auto number = static_cast<std::uint64_t>(at / count) + 1;
    if (storedSum(bytes + count - pageSumBytes) == sumOf(bytes, count, number) || planted(PlantedBug::ChecksumIgnored))
        return SQLITE_OK;
    checked.damage = PageDamage{number, false};
    return SQLITE_IOERR_DATA;
}

/// Compares with what was written, or read before: SQLite's recovery, the first to read what another process has left,
/// verifies it.
int verifyLog(Checked& checked, const char* bytes, int count, sqlite3_int64 at)
{
    Log& log = *checked.log;
    const int pageBytes = log.pageBytes.load(std::memory_order_relaxed);
    const LogPlace place = placeIn(pageBytes, count, at);
    if (place.part == LogPart::Header) {
        const std::lock_guard lock(log.mutex);
        takeHeader(log, bytes);
    }
    if (place.part != LogPart::Page && place.part != LogPart::Frame)
        return SQLITE_OK;
    const char* const page = place.part == LogPart::Page ? bytes : bytes + frameHeaderBytes;
    const std::uint64_t sum = XXH3_64bits(page, static_cast<std::size_t>(pageBytes));
    {
        const std::lock_guard lock(log.mutex);
        std::uint64_t& known = sumIn(log, place.frame);
        if (known == 0)
            known = sum;
        if (known == sum || planted(PlantedBug::ChecksumIgnored))
            return SQLITE_OK;
    }
    checked.damage = PageDamage{static_cast<std::uint64_t>(place.frame) + 1, true};
    return SQLITE_IOERR_DATA;
}

/// After a write that failed: what is in the log there is unknown.
int lost(Checked& checked, int code)
{
    Log& log = *checked.log;
    const std::int64_t frameBytes = log.pageBytes.load(std::memory_order_relaxed) + frameHeaderBytes;
    const auto& [begin, end] = checked.gather.lost();
    const std::lock_guard lock(log.mutex);
    for (std::int64_t at = std::max<std::int64_t>(begin, logHeaderBytes); at < end; at += frameBytes)
        sumIn(log, (at - logHeaderBytes) / frameBytes) = 0;
    return code;
}

/// What waits to be written to a log is, before anybody looks at the file.
int flush(Checked& checked, sqlite3_file* below)
{
    const int code = checked.gather.flush(below);
    return code == SQLITE_OK ? code : lost(checked, code);
}

int readFile(sqlite3_file* file, void* to, int count, sqlite3_int64 at)
{
    Checked& checked = checkedOf(file);
    sqlite3_file* const below = belowOf(file);
    if (const int code = flush(checked, below); code != SQLITE_OK)
        return code;
    const int code = below->pMethods->xRead(below, to, count, at);
    const char* const bytes = static_cast<const char*>(to);
    if (checked.kind == Kind::Log)
        return code == SQLITE_OK ? verifyLog(checked, bytes, count, at) : code;
    if (!isPage(checked, count, at))
        return code;
    if (code != SQLITE_IOERR_SHORT_READ)
        return code == SQLITE_OK ? verifyPage(checked, bytes, count, at) : code;
    // SQLite takes what is missing for zeros. Only the first page of an empty file may be missing.
    sqlite3_int64 fileBytes = 0;
    if (const int asked = below->pMethods->xFileSize(below, &fileBytes); asked != SQLITE_OK)
        return asked;
    return fileBytes == 0 ? code : verifyPage(checked, bytes, count, at);
}

int writeLog(Checked& checked, sqlite3_file* below, const char* bytes, int count, sqlite3_int64 at)
{
    Log& log = *checked.log;
    const LogPlace place = placeIn(log.pageBytes.load(std::memory_order_relaxed), count, at);
    const bool wholePage = place.part == LogPart::Page;
    const std::uint64_t sum = wholePage ? XXH3_64bits(bytes, static_cast<std::size_t>(count)) : 0;
    if (place.part == LogPart::Header) {
        if (const int code = flush(checked, below); code != SQLITE_OK)
            return code;
        checked.gather.beginAnew();
    }
    if (place.part == LogPart::FrameHeader)
        checked.commitFrame = bigEndian(bytes + 4) != 0 ? place.frame : -1;
    if (place.part != LogPart::FrameHeader) {
        const std::lock_guard lock(log.mutex);
        if (place.part == LogPart::Header) {
            takeHeader(log, bytes);
            checked.committed = {log.salt, 0};
        } else if (wholePage) {
            sumIn(log, place.frame) = sum; // before the write: once it is in the file, another connection may read it
        } else {
            log.frames.clear(); // not the shape that we know: nothing can be told of this log any more
        }
    }
    const bool more = place.part == LogPart::FrameHeader || (wholePage && place.frame != checked.commitFrame);
    const int code = checked.gather.write(below, {bytes, static_cast<std::size_t>(count)}, at, more);
    if (code != SQLITE_OK)
        return lost(checked, code);
    if (wholePage && !more) {
        const std::lock_guard lock(log.mutex);
        checked.committed = {log.salt, static_cast<std::uint64_t>(place.frame) + 1};
    }
    return SQLITE_OK;
}

int writeFile(sqlite3_file* file, const void* from, int count, sqlite3_int64 at)
{
    Checked& checked = checkedOf(file);
    sqlite3_file* const below = belowOf(file);
    const char* const bytes = static_cast<const char*>(from);
    if (checked.kind == Kind::Log)
        return writeLog(checked, below, bytes, count, at);
    if (!isPage(checked, count, at))
        return below->pMethods->xWrite(below, from, count, at);
    checked.page.assign(bytes, bytes + count);
    char* const page = checked.page.data();
    storeSum(page + count - pageSumBytes, sumOf(page, count, static_cast<std::uint64_t>(at / count) + 1));
    return below->pMethods->xWrite(below, page, count, at);
}

int syncFile(sqlite3_file* file, int flags)
{
    Checked& checked = checkedOf(file);
    if (const int code = flush(checked, belowOf(file)); code != SQLITE_OK)
        return code;
    const auto before = std::chrono::steady_clock::now();
    const int code = belowOf(file)->pMethods->xSync(belowOf(file), flags);
    checked.lastSync = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - before);
    if (code != SQLITE_OK)
        return planted(PlantedBug::FsyncErrorIgnored) ? SQLITE_OK : code;
    // Only what this connection committed: what another one writes at this moment may not be whole yet.
    if (checked.committed.frames > 0) {
        const std::lock_guard lock(checked.log->markMutex);
        checked.log->mark.note(checked.committed);
    }
    return SQLITE_OK;
}

int truncateFile(sqlite3_file* file, sqlite3_int64 count)
{
    Checked& checked = checkedOf(file);
    if (const int code = flush(checked, belowOf(file)); code != SQLITE_OK)
        return code;
    if (checked.kind == Kind::Log) {
        checked.committed = {};
        const std::lock_guard lock(checked.log->markMutex);
        if (const int code = checked.log->mark.forget(); code != SQLITE_OK)
            return code;
    }
    return belowOf(file)->pMethods->xTruncate(belowOf(file), count);
}

int closeFile(sqlite3_file* file)
{
    delete &checkedOf(file);
    file->pMethods = nullptr;
    return belowOf(file)->pMethods->xClose(belowOf(file));
}

int controlFile(sqlite3_file* file, int what, void* value)
{
    if (what == askForDamage) {
        *static_cast<std::optional<PageDamage>*>(value) = checkedOf(file).damage;
        return SQLITE_OK;
    }
    if (what == askForSyncTime) {
        *static_cast<std::chrono::microseconds*>(value) = checkedOf(file).lastSync;
        return SQLITE_OK;
    }
    return belowOf(file)->pMethods->xFileControl(belowOf(file), what, value);
}

sqlite3_io_methods makeMethods()
{
    sqlite3_io_methods made{};
    made.iVersion = 2; // no memory-mapped pages: nobody could check them
    made.xClose = closeFile;
    made.xRead = readFile;
    made.xWrite = writeFile;
    made.xTruncate = truncateFile;
    made.xSync = syncFile;
    made.xFileSize = [](sqlite3_file* f, sqlite3_int64* count) {
        const int code = flush(checkedOf(f), belowOf(f));
        return code == SQLITE_OK ? belowOf(f)->pMethods->xFileSize(belowOf(f), count) : code;
    };
    made.xLock = [](sqlite3_file* f, int level) { return belowOf(f)->pMethods->xLock(belowOf(f), level); };
    made.xUnlock = [](sqlite3_file* f, int level) { return belowOf(f)->pMethods->xUnlock(belowOf(f), level); };
    made.xCheckReservedLock = [](sqlite3_file* f, int* out) {
        return belowOf(f)->pMethods->xCheckReservedLock(belowOf(f), out);
    };
    made.xFileControl = controlFile;
    made.xSectorSize = [](sqlite3_file* f) { return belowOf(f)->pMethods->xSectorSize(belowOf(f)); };
    made.xDeviceCharacteristics = [](sqlite3_file* f) {
        return belowOf(f)->pMethods->xDeviceCharacteristics(belowOf(f)) & ~subpageReads;
    };
    made.xShmMap = [](sqlite3_file* f, int page, int count, int extend, void volatile** to) {
        return belowOf(f)->pMethods->xShmMap(belowOf(f), page, count, extend, to);
    };
    made.xShmLock = [](sqlite3_file* f, int at, int count, int flags) {
        return belowOf(f)->pMethods->xShmLock(belowOf(f), at, count, flags);
    };
    made.xShmBarrier = [](sqlite3_file* f) { belowOf(f)->pMethods->xShmBarrier(belowOf(f)); };
    made.xShmUnmap = [](sqlite3_file* f, int remove) { return belowOf(f)->pMethods->xShmUnmap(belowOf(f), remove); };
    return made;
}

const sqlite3_io_methods methods = makeMethods();

Layer& layerOf(sqlite3_vfs* vfs)
{
    return *reinterpret_cast<Layer*>(vfs);
}

std::shared_ptr<Log> sharedLog(Layer& layer, const char* path)
{
    const std::lock_guard lock(layer.mutex);
    std::erase_if(layer.logs, [](const auto& named) { return named.second.expired(); });
    std::weak_ptr<Log>& known = layer.logs[path];
    std::shared_ptr<Log> log = known.lock();
    if (!log) {
        log = std::make_shared<Log>(layer.below, path);
        known = log;
    }
    return log;
}

int openFile(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flagsOut)
{
    Layer& layer = layerOf(vfs);
    file->pMethods = nullptr;
    const int code = layer.below->xOpen(layer.below, path, belowOf(file), flags, flagsOut);
    if (code != SQLITE_OK)
        return code;
    auto checked = std::make_unique<Checked>();
    if (flags & SQLITE_OPEN_MAIN_DB) {
        checked->kind = Kind::Database;
    } else if ((flags & SQLITE_OPEN_WAL) && path) {
        checked->kind = Kind::Log;
        checked->log = sharedLog(layer, path);
    }
    reinterpret_cast<File*>(file)->checked = checked.release();
    file->pMethods = &methods;
    return SQLITE_OK;
}

int removeFile(sqlite3_vfs* vfs, const char* path, int syncDirectory)
{
    Layer& layer = layerOf(vfs);
    if (std::string_view(path).ends_with("-wal")) {
        const std::shared_ptr<Log> log = sharedLog(layer, path);
        const std::lock_guard lock(log->markMutex);
        if (const int code = log->mark.forget(); code != SQLITE_OK)
            return code;
    }
    return layer.below->xDelete(layer.below, path, syncDirectory);
}

/// @return null if it isn't open
sqlite3_file* fileOf(sqlite3* database)
{
    sqlite3_file* file = nullptr;
    const int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    return code == SQLITE_OK && file && file->pMethods ? file : nullptr;
}

} // namespace

std::string checkedVfs(const std::string& below)
{
    static std::mutex mutex;
    static std::map<std::string, std::unique_ptr<Layer>> layers; // by the name below; for the process's life
    const std::lock_guard lock(mutex);
    if (const auto known = layers.find(below); known != layers.end())
        return known->second->name;
    sqlite3_vfs* const found = sqlite3_vfs_find(below.c_str());
    if (!found)
        return {};
    auto layer = std::make_unique<Layer>();
    layer->vfs = *found; // what isn't replaced works on names, and goes to the one below
    layer->below = found;
    layer->name = "checked-" + below;
    layer->vfs.pNext = nullptr;
    layer->vfs.zName = layer->name.c_str();
    layer->vfs.szOsFile = found->szOsFile + static_cast<int>(sizeof(File));
    layer->vfs.xOpen = openFile;
    layer->vfs.xDelete = removeFile;
    if (sqlite3_vfs_register(&layer->vfs, 0) != SQLITE_OK)
        return {};
    return layers.emplace(below, std::move(layer)).first->second->name;
}

void reservePageSums(sqlite3* database)
{
    int bytes = pageSumBytes;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
}

std::optional<PageDamage> pageDamageOf(sqlite3* database)
{
    std::optional<PageDamage> damage;
    sqlite3_file* log = nullptr;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (log && log->pMethods)
        log->pMethods->xFileControl(log, askForDamage, &damage);
    if (!damage)
        sqlite3_file_control(database, "main", askForDamage, &damage);
    return damage;
}

std::chrono::microseconds lastLogSyncOf(sqlite3* database)
{
    std::chrono::microseconds time{0};
    sqlite3_file* log = nullptr;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (log && log->pMethods)
        log->pMethods->xFileControl(log, askForSyncTime, &time);
    return time;
}

Result<std::uint64_t> pageCountOf(sqlite3* database, int pageBytes)
{
    sqlite3_int64 fileBytes = 0;
    sqlite3_file* const file = fileOf(database);
    const int code = file ? file->pMethods->xFileSize(file, &fileBytes) : SQLITE_IOERR;
    if (code != SQLITE_OK)
        return Error{ErrorCode::Io, "can't ask for the length of the file (SQLite " + std::to_string(code) + ')'};
    return static_cast<std::uint64_t>(fileBytes / pageBytes);
}

Result<bool> pageFits(sqlite3* database, std::uint64_t page, int pageBytes)
{
    std::vector<char> bytes(static_cast<std::size_t>(pageBytes));
    sqlite3_file* const file = fileOf(database);
    const auto at = static_cast<sqlite3_int64>(page - 1) * pageBytes;
    const int code = file ? file->pMethods->xRead(file, bytes.data(), pageBytes, at) : SQLITE_IOERR;
    if (code != SQLITE_OK && code != SQLITE_IOERR_DATA)
        return Error{ErrorCode::Io,
                     "can't read page " + std::to_string(page) + " (SQLite " + std::to_string(code) + ')'};
    return code == SQLITE_OK;
}

std::optional<FileHeader> fileHeaderOf(sqlite3* database)
{
    sqlite3_file* const file = fileOf(database);
    if (!file)
        return std::nullopt;
    constexpr char magic[] = "SQLite format 3";
    unsigned char bytes[100] = {};
    const int code = file->pMethods->xRead(file, bytes, sizeof bytes, 0);
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ)
        return std::nullopt;
    const auto number = [&](int at) {
        return std::uint32_t(bytes[at]) << 24 | std::uint32_t(bytes[at + 1]) << 16 | std::uint32_t(bytes[at + 2]) << 8 |
               bytes[at + 3];
    };
    // Offsets: https://www.sqlite.org/fileformat.html, "The Database Header".
    return FileHeader{std::memcmp(bytes, magic, sizeof magic) == 0, bytes[20], number(60), number(68)};
}

} // namespace quoit
