// console/cluster/key_tree.h - loaded keys in order of their parts, and what lies directly below a prefix of them.
// A tree is only a way to look at the sorted keys: a branch is a stretch of them, so nothing is kept for branches that
// nobody looks at. Knows no view and no cluster.
#pragma once

#include <QByteArray>
#include <QList>

#include <vector>

namespace quoit {

/// A key, or what many keys begin with.
struct KeyTreeEntry
{
    QByteArray id; ///< the key; of a branch: the prefix with the separator at its end
    bool isBranch = false;
    qsizetype keys = 1; ///< of a branch: loaded keys below it
};

class KeyTree
{
public:
    struct Level
    {
        std::vector<KeyTreeEntry> entries; ///< ascending by isBefore() of their ids
        qsizetype keysMore = 0;            ///< loaded keys that lie behind the last entry
    };

    const QByteArray& separator() const { return m_separator; }
    /// Forgets all keys. @param separator of the parts of keys; not empty
    void restart(const QByteArray& separator);
    /// Part by part, each by its bytes: "a:1" is before "a:10", although ':' is behind '0'.
    bool isBefore(const QByteArray& left, const QByteArray& right) const;
    /// @param keys that aren't in it yet. n log m to find their places, and one move of what is behind the first
    void add(std::vector<QByteArray> keys);
    /// @return false: it isn't in it
    bool remove(const QByteArray& key);
    bool contains(const QByteArray& key) const;
    qsizetype size() const { return qsizetype(m_keys.size()); }

    /// What lies directly below a prefix.
    /// @param prefix of a branch; empty: the top
    /// @param entriesWanted then it ends, but not before it has come to an entry behind `through`
    /// @param entriesMax then it ends in any case
    Level level(const QByteArray& prefix, qsizetype entriesWanted, const QByteArray& through,
                qsizetype entriesMax) const;
    /// The branches on the way to a key, from the top; without the key itself.
    QList<QByteArray> branchesTo(const QByteArray& key) const;

private:
    using Place = std::vector<QByteArray>::const_iterator;
    Place endOf(const QByteArray& prefix, Place from) const;
    Place firstNotBefore(const QByteArray& key) const;

    QByteArray m_separator{":"};
    std::vector<QByteArray> m_keys; // ascending by isBefore()
};

} // namespace quoit
