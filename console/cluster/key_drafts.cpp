#include "console/cluster/key_drafts.h"

#include <algorithm>
#include <numeric>

namespace quoit {

KeyDraft* KeyDrafts::draft(const QByteArray& key)
{
    const auto found = std::ranges::find(m_drafts, key, &KeyDraft::key);
    return found == m_drafts.end() ? nullptr : &*found;
}

const KeyDraft* KeyDrafts::find(const QByteArray& key) const
{
    return const_cast<KeyDrafts*>(this)->draft(key);
}

void KeyDrafts::keep(const QByteArray& key, const std::string& version, const QByteArray& text)
{
    KeyDraft* there = draft(key);
    if (there)
        there->text = text;
    else
        m_drafts.push_back({key, version, text});
    dropOldest();
    if (!there)
        Q_EMIT changed();
}

void KeyDrafts::dropOldest()
{
    const auto bytes = [this] {
        return std::accumulate(m_drafts.begin(), m_drafts.end(), qsizetype(0),
                               [](qsizetype sum, const KeyDraft& each) { return sum + each.text.size(); });
    };
    while (m_drafts.size() > 1 && (int(m_drafts.size()) > draftsMax || bytes() > bytesMax)) {
        const QByteArray key = m_drafts.front().key;
        m_drafts.erase(m_drafts.begin());
        Q_EMIT changed();
        Q_EMIT dropped(key);
    }
}

void KeyDrafts::rebase(const QByteArray& key, const std::string& version)
{
    if (KeyDraft* there = draft(key))
        there->version = version;
}

void KeyDrafts::discard(const QByteArray& key)
{
    if (std::erase_if(m_drafts, [&key](const KeyDraft& each) { return each.key == key; }) > 0)
        Q_EMIT changed();
}

void KeyDrafts::clear()
{
    if (m_drafts.empty())
        return;
    m_drafts.clear();
    Q_EMIT changed();
}

QList<QByteArray> KeyDrafts::keys() const
{
    QList<QByteArray> keys;
    for (const KeyDraft& each : m_drafts)
        keys << each.key;
    return keys;
}

} // namespace quoit
