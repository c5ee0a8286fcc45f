// node/store/data_folder.h - the folder that a node keeps its data in: made, locked against a second process, watched
// for space.
#pragma once

#include "shared/base/result.h"

#include <cstdint>
#include <string>

namespace quoit {

/// Holds the lock on a folder for as long as it lives. The lock goes with the process, however it ends.
class DataFolder
{
public:
    DataFolder() = default;
    /// Makes the folder (mode 0700, parents as needed) and locks it.
    /// @return Refused if another process holds it, with its pid if known; Io.
    static Result<DataFolder> open(const std::string& path);
    /// Only the name of a place that a VFS of its own keeps: nothing is made or locked.
    static DataFolder named(std::string path);
    ~DataFolder();
    DataFolder(DataFolder&& other) noexcept;
    DataFolder& operator=(DataFolder&& other) noexcept;

    const std::string& path() const { return m_path; }
    std::string file(const char* name) const { return m_path + '/' + name; }

private:
    std::string m_path;
    int m_lock = -1; ///< file descriptor
};

/// Puts the database of a damaged folder into its subfolder "set-aside", so that a node can begin anew there; nothing is deleted.
/// @return that subfolder's path; Refused if something was put aside before and is still there: the disk seems to be failing; Io
Result<std::string> putAside(const std::string& path);

/// What an ordinary user may still write to a file system. @return UINT64_MAX if the system doesn't say. Any thread.
std::uint64_t freeBytes(const std::string& path);

/// @return 0 if there is no such file.
std::uint64_t fileBytes(const std::string& path);

/// A random UUID (version 4) from the system. @return Io without a random device.
Result<std::string> newUuid();

} // namespace quoit
