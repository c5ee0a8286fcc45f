#include "node/store/synced_mark.h"

#include "node/core/planted_bug.h"

#include <sqlite3.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace quoit {

namespace {

constexpr std::string_view magic = "quoitlog";
constexpr std::size_t summedBytes = 24;
constexpr std::size_t blockBytes = summedBytes + 8;
constexpr std::string_view logSuffix = "-wal";

// SQLite's write-ahead log: https://www.sqlite.org/fileformat.html, section 4. Numbers are big-endian.
constexpr int logHeaderBytes = 32;
constexpr int frameHeaderBytes = 24;
constexpr std::uint32_t pageBytesMax = 65536;
constexpr std::uint32_t logMagic = 0x377f0682; ///< its lowest bit set: checksums are computed on big-endian words

std::string pathBeside(const std::string& log)
{
    return log.substr(0, log.size() - logSuffix.size()) + "-synced";
}

void append(std::string& bytes, std::uint64_t number)
{
    for (int i = 0; i < 8; ++i)
        bytes.push_back(static_cast<char>(number >> (8 * i)));
}

std::uint64_t littleEndian(const char* bytes)
{
    std::uint64_t number = 0;
    for (int i = 0; i < 8; ++i)
        number |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
    return number;
}

std::uint32_t bigEndian(const char* bytes)
{
    std::uint32_t number = 0;
    for (int i = 0; i < 4; ++i)
        number = number << 8 | static_cast<std::uint8_t>(bytes[i]);
    return number;
}

std::uint64_t saltOf(const char* bytes)
{
    return static_cast<std::uint64_t>(bigEndian(bytes)) << 32 | bigEndian(bytes + 4);
}

std::string blockOf(const SyncedLog& log)
{
    std::string block(magic);
    append(block, log.salt);
    append(block, log.frames);
    append(block, XXH3_64bits(block.data(), summedBytes));
    return block;
}

/// The running checksum of a log.
class LogSum
{
public:
    explicit LogSum(bool bigEndianWords)
        : m_bigEndianWords(bigEndianWords)
    {}

    /// @param count  a multiple of 8 bytes
    void add(const char* bytes, int count)
    {
        for (int at = 0; at < count; at += 8) {
            m_first += word(bytes + at) + m_second;
            m_second += word(bytes + at + 4) + m_first;
        }
    }
    /// @param stored  8 bytes
    bool fits(const char* stored) const { return bigEndian(stored) == m_first && bigEndian(stored + 4) == m_second; }

private:
    std::uint32_t word(const char* bytes) const
    {
        const std::uint32_t number = bigEndian(bytes);
        return m_bigEndianWords ? number : __builtin_bswap32(number);
    }

    const bool m_bigEndianWords;
    std::uint32_t m_first = 0;
    std::uint32_t m_second = 0;
};

Error unreadable(const std::string& path, int code)
{
    return {ErrorCode::Io, "can't read " + path + " (SQLite " + std::to_string(code) + ')'};
}

Error damaged(const std::string& path, const std::string& what)
{
    return {ErrorCode::Corrupt, path + " is damaged: " + what};
}

bool isRead(int code)
{
    return code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ; // the rest is zero
}

/// @return frames 0 if nothing is known
Result<SyncedLog> readMark(sqlite3_vfs* vfs, const std::string& path)
{
    if (!vfsFileExists(vfs, path))
        return SyncedLog{};
    VfsFile file(vfs, path, VfsFile::Access::Read);
    char block[blockBytes] = {};
    if (const int code = file.read(block, sizeof block, 0); !isRead(code))
        return unreadable(path, code);
    if (std::all_of(std::begin(block), std::end(block), [](char byte) { return byte == 0; }))
        return SyncedLog{};
    // A loss of power may leave a part of an older block and a part of a newer one.
    const SyncedLog log{littleEndian(block + 8), littleEndian(block + 16)};
    return std::string_view(block, sizeof block) == blockOf(log) ? log : SyncedLog{};
}

Result<void> checkFrames(VfsFile& file, const std::string& path, const char* header, LogSum sum, std::uint64_t count)
{
    const auto pageBytes = static_cast<int>(bigEndian(header + 8));
    std::vector<char> frame(static_cast<std::size_t>(frameHeaderBytes + pageBytes));
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto at = static_cast<std::int64_t>(logHeaderBytes + i * frame.size());
        if (const int code = file.read(frame.data(), static_cast<int>(frame.size()), at); !isRead(code))
            return unreadable(path, code);
        sum.add(frame.data(), 8);
        sum.add(frame.data() + frameHeaderBytes, pageBytes);
        if (!sum.fits(frame.data() + 16) || std::memcmp(frame.data() + 8, header + 16, 8) != 0)
            return damaged(path, "page " + std::to_string(i + 1) + " of " + std::to_string(count) +
                                     " that were on disk doesn't fit its checksum");
    }
    return {};
}

} // namespace

SyncedMark::SyncedMark(sqlite3_vfs* vfs, const std::string& log)
    : m_vfs(vfs)
    , m_path(pathBeside(log))
{}

bool SyncedMark::open()
{
    if (!m_file) {
        // Its name and its block become durable now: later writes then neither need space nor bring only a part.
        m_file = std::make_unique<VfsFile>(m_vfs, m_path, VfsFile::Access::Write);
        std::int64_t count = 0;
        int code = m_file->byteCount(count);
        if (code == SQLITE_OK && count < static_cast<std::int64_t>(blockBytes))
            code = put(std::string(blockBytes, '\0'));
        if (code == SQLITE_OK)
            code = m_file->sync();
        if (code != SQLITE_OK)
            m_file.reset();
    }
    return m_file != nullptr;
}

int SyncedMark::put(const std::string& block)
{
    return m_file->write(block, 0);
}

void SyncedMark::note(const SyncedLog& log)
{
    if (log != m_noted && open() && put(blockOf(log)) == SQLITE_OK)
        m_noted = log;
}

int SyncedMark::forget()
{
    if (!m_file && !vfsFileExists(m_vfs, m_path))
        return SQLITE_OK;
    m_noted = {};
    if (!open())
        return SQLITE_IOERR_WRITE;
    const int code = put(std::string(blockBytes, '\0'));
    return code == SQLITE_OK ? m_file->sync() : code;
}

Result<void> checkSyncedLog(const std::string& vfs, const std::string& database)
{
    sqlite3_vfs* const layer = sqlite3_vfs_find(vfs.c_str());
    if (!layer)
        return Error{ErrorCode::Io, "SQLite has no layer " + vfs};
    const std::string path = database + std::string(logSuffix);
    const Result<SyncedLog> mark = readMark(layer, pathBeside(path));
    if (!mark)
        return mark.error();
    if (mark.value().frames == 0 || planted(PlantedBug::ChecksumIgnored))
        return {};
    if (!vfsFileExists(layer, path))
        return damaged(path, "it is missing");
    VfsFile file(layer, path, VfsFile::Access::Read);
    char header[logHeaderBytes] = {};
    if (const int code = file.read(header, sizeof header, 0); !isRead(code))
        return unreadable(path, code);
    LogSum sum((bigEndian(header) & 1) != 0);
    sum.add(header, frameHeaderBytes);
    if ((bigEndian(header) & ~1U) != logMagic || bigEndian(header + 8) > pageBytesMax ||
        !sum.fits(header + frameHeaderBytes))
        return damaged(path, "its header doesn't fit its checksum");
    const std::uint64_t salt = saltOf(header + 16);
    // A log that began anew after the mark was written holds nothing that the mark knows of: all that was in it before
    // is in the database.
    if (static_cast<std::int32_t>(static_cast<std::uint32_t>(salt >> 32) -
                                  static_cast<std::uint32_t>(mark.value().salt >> 32)) > 0)
        return {};
    if (salt != mark.value().salt)
        return damaged(path, "it is older than what was on disk");
    return checkFrames(file, path, header, sum, mark.value().frames);
}

Result<void> rewriteLog(const std::string& vfs, const std::string& database)
{
    constexpr std::int64_t atOnce = 1 << 16; // SQLite writes less than 128 KiB at a time
    sqlite3_vfs* const layer = sqlite3_vfs_find(vfs.c_str());
    if (!layer)
        return Error{ErrorCode::Io, "SQLite has no layer " + vfs};
    const std::string path = database + std::string(logSuffix);
    if (!vfsFileExists(layer, path))
        return {};
    VfsFile file(layer, path, VfsFile::Access::Write);
    std::int64_t count = 0;
    int code = file.code() == SQLITE_OK ? file.byteCount(count) : file.code();
    std::string bytes;
    for (std::int64_t at = 0; at < count && code == SQLITE_OK; at += atOnce) {
        bytes.resize(static_cast<std::size_t>(std::min(atOnce, count - at)));
        code = file.read(bytes.data(), static_cast<int>(bytes.size()), at);
        if (code == SQLITE_OK)
            code = file.write(bytes, at);
    }
    if (code == SQLITE_OK && count > 0)
        code = file.sync();
    return code == SQLITE_OK ? Result<void>() : unreadable(path, code);
}

} // namespace quoit
