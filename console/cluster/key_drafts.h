// console/cluster/key_drafts.h - edits of values that aren't saved yet, by key, so that looking at another key loses
// none. Bounded: beyond it the oldest go, and it is told.
#pragma once

#include <QByteArray>
#include <QList>
#include <QObject>

#include <string>
#include <vector>

namespace quoit {

struct KeyDraft
{
    QByteArray key;
    std::string version; ///< of the value that it is an edit of
    QByteArray text;
};

class KeyDrafts : public QObject
{
    Q_OBJECT

public:
    static constexpr int draftsMax = 64;
    static constexpr qsizetype bytesMax = 16 * 1024 * 1024; ///< of all texts; the latest is kept in any case

    using QObject::QObject;

    /// @param version counts for a new draft only; one that is there keeps its own
    void keep(const QByteArray& key, const std::string& version, const QByteArray& text);
    /// The value was changed from here, so that the draft is one of this version now.
    void rebase(const QByteArray& key, const std::string& version);
    void discard(const QByteArray& key);
    void clear();

    /// @return nullptr: none. Valid until the next change.
    const KeyDraft* find(const QByteArray& key) const;
    bool contains(const QByteArray& key) const { return find(key) != nullptr; }
    bool isEmpty() const { return m_drafts.empty(); }
    /// The oldest first.
    QList<QByteArray> keys() const;

Q_SIGNALS:
    /// A draft has come or gone.
    void changed();
    /// There was no room for it any more.
    void dropped(const QByteArray& key);

private:
    KeyDraft* draft(const QByteArray& key);
    void dropOldest();

    std::vector<KeyDraft> m_drafts; ///< the oldest first
};

} // namespace quoit
