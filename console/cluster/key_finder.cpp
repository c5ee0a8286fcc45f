#include "console/cluster/key_finder.h"

#include <QPointer>

#include <algorithm>

namespace quoit {

namespace {

constexpr int typingMs = 150;
constexpr qsizetype keysATurn = 20'000;
constexpr int keyBytesMax = 32 * 1024; // longer ones can't be

bool isAlike(char left, char right)
{
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c + ('a' - 'A')) : c; };
    return lower(left) == lower(right);
}

} // namespace

KeyFinder::KeyFinder(const KeyBrowser& browser, Ask ask, QObject* parent)
    : QObject(parent)
    , m_browser(browser)
    , m_ask(std::move(ask))
{
    m_typing.setSingleShot(true);
    m_typing.setInterval(typingMs);
    connect(&m_typing, &QTimer::timeout, this, &KeyFinder::askOne);
    m_searching.setSingleShot(true);
    m_searching.setInterval(0);
    connect(&m_searching, &QTimer::timeout, this, &KeyFinder::search);
    connect(&browser, &KeyBrowser::restarted, &m_searching, &QTimer::stop);
    connect(&browser, &KeyBrowser::forgetting, this, [this](int index) { m_searched -= index < m_searched; });
}

void KeyFinder::find(const QByteArray& text)
{
    m_text = text;
    m_exact = Exact::Unknown;
    m_matches.clear();
    m_searched = 0;
    m_isPrefixTurn = true;
    m_typing.stop();
    m_searching.stop();
    if (text.isEmpty() || text.size() > keyBytesMax)
        return;
    m_typing.start();
    m_searching.start();
}

void KeyFinder::search()
{
    const QList<QByteArray>& keys = m_browser.keys();
    const qsizetype end = std::min(m_searched + keysATurn, keys.size());
    const qsizetype before = m_matches.size();
    for (; m_searched < end && m_matches.size() < matchesMax; ++m_searched) {
        const QByteArray& key = keys[m_searched];
        if (key.size() < m_text.size() || key == m_text)
            continue;
        const auto found =
            m_isPrefixTurn ? (std::equal(m_text.begin(), m_text.end(), key.begin(), isAlike) ? key.begin() : key.end())
                           : std::search(key.begin(), key.end(), m_text.begin(), m_text.end(), isAlike);
        if (m_isPrefixTurn ? found == key.begin() : found != key.begin() && found != key.end())
            m_matches << key;
    }
    if (m_matches.size() < matchesMax && m_searched < keys.size())
        m_searching.start();
    else if (m_matches.size() < matchesMax && m_isPrefixTurn) {
        m_isPrefixTurn = false;
        m_searched = 0;
        m_searching.start();
    }
    if (m_matches.size() > before)
        Q_EMIT changed();
}

void KeyFinder::askOne()
{
    if (m_isAsking) // its answer will find that something else is wanted by now
        return;
    m_isAsking = true;
    m_ask(m_text, [self = QPointer<KeyFinder>(this), key = m_text](std::optional<bool> isPresent) {
        if (self)
            self->onAnswer(key, isPresent);
    });
}

void KeyFinder::onAnswer(const QByteArray& key, std::optional<bool> isPresent)
{
    m_isAsking = false;
    if (key != m_text) {
        // The pause of typing is over, or askOne() comes with its end.
        if (!m_typing.isActive() && !m_text.isEmpty() && m_text.size() <= keyBytesMax)
            askOne();
        return;
    }
    if (!isPresent)
        return;
    m_exact = *isPresent ? Exact::Present : Exact::Absent;
    Q_EMIT changed();
}

} // namespace quoit
