// node/store/vfs_file.h - a small file beside the database, through SQLite's layer for files: so that tests and the
// simulator, which put disks of their own there, know of it as well.
#pragma once

#include "shared/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3_file;
struct sqlite3_vfs;

namespace quoit {

/// An open file; closed when it goes. One thread at a time. All codes are SQLite's.
class VfsFile
{
public:
    enum class Access { Read, Write };

    VfsFile() = default;
    /// @param vfs  outlives the file
    /// @param access  Write makes the file if it is missing; its first sync then makes its name durable as well
    VfsFile(sqlite3_vfs* vfs, std::string path, Access access);
    ~VfsFile();
    VfsFile(const VfsFile&) = delete;
    VfsFile& operator=(const VfsFile&) = delete;

    /// SQLITE_OK, or why it isn't open.
    int code() const { return m_code; }
    /// @return SQLITE_IOERR_SHORT_READ if there are fewer bytes; the rest is zero then
    int read(char* to, int count, std::int64_t at);
    int write(std::string_view bytes, std::int64_t at);
    int sync();
    /// @param count  becomes the file's length in bytes
    int byteCount(std::int64_t& count);

private:
    sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(m_memory.data()); }

    std::string m_path; ///< the layer keeps a pointer to it
    std::vector<char> m_memory;
    int m_code;
};

/// @return false as well if nobody can tell
bool vfsFileExists(sqlite3_vfs* vfs, const std::string& path);

} // namespace quoit
