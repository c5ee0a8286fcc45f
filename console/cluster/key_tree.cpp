#include "console/cluster/key_tree.h"

#include <algorithm>
#include <cstring>

namespace quoit {

namespace {

/// How many bytes two keys begin with alike; words at a time, for long prefixes are common.
qsizetype alikeBytes(const QByteArray& left, const QByteArray& right)
{
    constexpr qsizetype word = 8;
    const qsizetype end = std::min(left.size(), right.size());
    qsizetype at = 0;
    while (at + word <= end && std::memcmp(left.constData() + at, right.constData() + at, word) == 0)
        at += word;
    while (at < end && left[at] == right[at])
        ++at;
    return at;
}

} // namespace

void KeyTree::restart(const QByteArray& separator)
{
    m_separator = separator;
    m_keys.clear();
}

bool KeyTree::isBefore(const QByteArray& left, const QByteArray& right) const
{
    const qsizetype differ = alikeBytes(left, right);
    qsizetype part = 0; // begin of the parts that differ
    qsizetype leftEnd = left.indexOf(m_separator);
    while (leftEnd >= 0 && leftEnd + m_separator.size() <= differ) {
        part = leftEnd + m_separator.size();
        leftEnd = left.indexOf(m_separator, part);
    }
    const qsizetype rightEnd = right.indexOf(m_separator, part);
    const auto partOf = [part](const QByteArray& key, qsizetype end) {
        return QByteArrayView(key).sliced(part, (end < 0 ? key.size() : end) - part);
    };
    const int order = partOf(left, leftEnd).compare(partOf(right, rightEnd));
    return order != 0 ? order < 0 : leftEnd < 0 && rightEnd >= 0;
}

KeyTree::Place KeyTree::firstNotBefore(const QByteArray& key) const
{
    return std::ranges::lower_bound(m_keys, key, [this](const auto& a, const auto& b) { return isBefore(a, b); });
}

void KeyTree::add(std::vector<QByteArray> keys)
{
    const auto before = [this](const QByteArray& left, const QByteArray& right) { return isBefore(left, right); };
    std::ranges::sort(keys, before);
    auto behind = qsizetype(m_keys.size()); // keys of before that haven't found their last place
    m_keys.resize(m_keys.size() + keys.size());
    auto free = m_keys.end();
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
        const auto place = std::upper_bound(m_keys.begin(), m_keys.begin() + behind, *key, before);
        free = std::move_backward(place, m_keys.begin() + behind, free);
        behind = place - m_keys.begin();
        *--free = std::move(*key);
    }
}

bool KeyTree::remove(const QByteArray& key)
{
    const Place found = firstNotBefore(key);
    if (found == m_keys.end() || *found != key)
        return false;
    m_keys.erase(found);
    return true;
}

bool KeyTree::contains(const QByteArray& key) const
{
    const Place found = firstNotBefore(key);
    return found != m_keys.end() && *found == key;
}

/// The first key from a place on that doesn't begin with the prefix. The one at `from` does. Most branches are small:
/// steps that double find their ends soon.
KeyTree::Place KeyTree::endOf(const QByteArray& prefix, Place from) const
{
    qsizetype step = 1;
    Place inside = from;
    while (m_keys.end() - inside > step && (inside + step)->startsWith(prefix)) {
        inside += step;
        step *= 2;
    }
    const Place last = m_keys.end() - inside > step ? inside + step : m_keys.end();
    return std::partition_point(inside, last, [&](const QByteArray& key) { return key.startsWith(prefix); });
}

KeyTree::Level KeyTree::level(const QByteArray& prefix, qsizetype entriesWanted, const QByteArray& through,
                              qsizetype entriesMax) const
{
    Level level;
    Place place = firstNotBefore(prefix);
    if (place == m_keys.end() || !place->startsWith(prefix))
        return level;
    const Place end = prefix.isEmpty() ? m_keys.end() : endOf(prefix, place);
    const auto isEnough = [&] {
        const auto count = qsizetype(level.entries.size());
        return count >= entriesMax || (count >= entriesWanted && isBefore(through, *place));
    };
    while (place != end && !isEnough()) {
        const qsizetype at = place->indexOf(m_separator, prefix.size());
        if (at < 0) {
            level.entries.push_back({*place, false, 1});
            ++place;
            continue;
        }
        const QByteArray branch = place->left(at + m_separator.size());
        const Place next = endOf(branch, place);
        level.entries.push_back({branch, true, next - place});
        place = next;
    }
    level.keysMore = end - place;
    return level;
}

QList<QByteArray> KeyTree::branchesTo(const QByteArray& key) const
{
    QList<QByteArray> branches;
    const qsizetype length = m_separator.size();
    for (qsizetype at = key.indexOf(m_separator); at >= 0; at = key.indexOf(m_separator, at + length))
        branches << key.left(at + length);
    return branches;
}

} // namespace quoit
