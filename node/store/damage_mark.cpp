#include "node/store/damage_mark.h"

#include "node/store/vfs_file.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

namespace quoit {

namespace {
constexpr std::int64_t bytesMax = 4096;
} // namespace

DamageMark::DamageMark(std::string vfs, std::string path)
    : m_vfs(std::move(vfs))
    , m_path(std::move(path))
{}

Result<void> DamageMark::check() const
{
    sqlite3_vfs* const vfs = sqlite3_vfs_find(m_vfs.c_str());
    if (!vfs || !vfsFileExists(vfs, m_path))
        return {};
    VfsFile file(vfs, m_path, VfsFile::Access::Read);
    std::int64_t count = 0;
    int code = file.byteCount(count);
    std::string text(static_cast<std::size_t>(std::clamp<std::int64_t>(count, 0, bytesMax)), '\0');
    if (code == SQLITE_OK && !text.empty())
        code = file.read(text.data(), static_cast<int>(text.size()), 0);
    if (code != SQLITE_OK)
        return Error{ErrorCode::Io, "can't read " + m_path + " (SQLite " + std::to_string(code) + ')'};
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    return Error{ErrorCode::Corrupt, m_path + " says: " + text};
}

Error DamageMark::leave(const Error& error) const
{
    const NodeId node = m_node.load(std::memory_order_relaxed);
    const Error told{error.code, error.message +
                                     ": start the node with an empty data folder and let it replace this one: "
                                     "quoit plan replace " +
                                     (node == noNode ? std::string("ID") : std::to_string(node)) +
                                     " ADDRESS (with --auto-replace on all nodes its next start does that by itself)"};
    if (sqlite3_vfs* const vfs = sqlite3_vfs_find(m_vfs.c_str())) {
        VfsFile file(vfs, m_path, VfsFile::Access::Write);
        if (file.write(told.message + '\n', 0) == SQLITE_OK)
            static_cast<void>(file.sync());
    }
    return told;
}

} // namespace quoit
