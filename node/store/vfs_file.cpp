#include "node/store/vfs_file.h"

#include <sqlite3.h>

namespace quoit {

VfsFile::VfsFile(sqlite3_vfs* vfs, std::string path, Access access)
    : m_path(std::move(path))
    , m_memory(static_cast<std::size_t>(vfs->szOsFile))
{
    // Opened as a journal, whose first sync includes the directory. Nobody locks it.
    const int flags = SQLITE_OPEN_SUPER_JOURNAL |
                      (access == Access::Write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    m_code = vfs->xOpen(vfs, m_path.c_str(), file(), flags, nullptr);
}

VfsFile::~VfsFile()
{
    if (m_code == SQLITE_OK)
        file()->pMethods->xClose(file());
}

int VfsFile::read(char* to, int count, std::int64_t at)
{
    return m_code == SQLITE_OK ? file()->pMethods->xRead(file(), to, count, at) : m_code;
}

int VfsFile::write(std::string_view bytes, std::int64_t at)
{
    return m_code == SQLITE_OK ? file()->pMethods->xWrite(file(), bytes.data(), static_cast<int>(bytes.size()), at)
                               : m_code;
}

int VfsFile::sync()
{
    return m_code == SQLITE_OK ? file()->pMethods->xSync(file(), SQLITE_SYNC_FULL) : m_code;
}

int VfsFile::byteCount(std::int64_t& count)
{
    sqlite3_int64 found = 0;
    const int code = m_code == SQLITE_OK ? file()->pMethods->xFileSize(file(), &found) : m_code;
    count = found;
    return code;
}

bool vfsFileExists(sqlite3_vfs* vfs, const std::string& path)
{
    int there = 0;
    return vfs->xAccess(vfs, path.c_str(), SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK && there;
}

} // namespace quoit
