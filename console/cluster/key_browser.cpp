#include "console/cluster/key_browser.h"

#include "shared/resp/glob.h"

namespace quoit {

namespace {

constexpr int pauseMsMax = 500;

/// What SCAN is to look for: the text itself if it is a pattern, else whatever begins with it.
std::string patternOf(const QByteArray& text)
{
    if (KeyBrowser::isPattern(text))
        return text.toStdString();
    std::string pattern;
    for (const char c : text) {
        if (c == ']' || c == '\\')
            pattern += '\\';
        pattern += c;
    }
    return pattern + '*';
}

} // namespace

KeyBrowser::KeyBrowser(ClusterClient& client, QObject* parent)
    : QObject(parent)
    , m_client(client)
{
    m_pause.setSingleShot(true);
    connect(&m_pause, &QTimer::timeout, this, &KeyBrowser::askScan);
}

bool KeyBrowser::isPattern(const QByteArray& text)
{
    return text.contains('*') || text.contains('?') || text.contains('[');
}

void KeyBrowser::browse(const QByteArray& prefix)
{
    stop();
    m_prefix = prefix;
    m_pattern = patternOf(prefix);
    m_cursor.assign(1, '0');
    m_keys.clear();
    m_known.clear();
    m_wanted = 0;
    m_isComplete = false;
    m_trouble.clear();
    Q_EMIT restarted();
    askKeyCount();
    fetchMore();
}

void KeyBrowser::fetchMore()
{
    fetchUntil(m_keys.size() + pageKeys);
}

void KeyBrowser::fetchAll()
{
    m_wanted = keysMax; // what it is looking for already becomes this
    fetchUntil(keysMax);
}

void KeyBrowser::fetchUntil(qsizetype keys)
{
    if (isLooking() || !canFetchMore() || m_pattern.empty())
        return;
    m_wanted = keys;
    askScan();
    Q_EMIT progressed();
}

void KeyBrowser::stop()
{
    if (!isLooking())
        return;
    m_client.cancel(m_requestId);
    m_requestId = 0;
    m_pause.stop();
    Q_EMIT progressed();
}

void KeyBrowser::noteKey(const QByteArray& key)
{
    if (!globMatches(m_pattern, std::string_view(key.constData(), std::size_t(key.size()))) || m_known.contains(key))
        return;
    m_known.insert(key);
    m_keys << key;
    Q_EMIT keysAdded(1);
    askKeyCount();
}

void KeyBrowser::forgetKey(const QByteArray& key)
{
    if (!m_known.remove(key))
        return;
    const qsizetype index = m_keys.indexOf(key);
    Q_EMIT forgetting(int(index));
    m_keys.removeAt(index);
    Q_EMIT forgotten();
    askKeyCount();
}

void KeyBrowser::askScan()
{
    m_sinceAsked.start();
    RequestOptions options;
    options.idempotent = true;
    options.context = this;
    options.deadline = Milliseconds(15'000);
    const int count = m_wanted == keysMax ? wholePageKeys : pageKeys;
    m_requestId = m_client.request({"SCAN", m_cursor, "MATCH", m_pattern, "COUNT", std::to_string(count)}, options,
                                   [this](const ClientReply& reply) { onScanned(reply); });
}

void KeyBrowser::onScanned(const ClientReply& reply)
{
    m_requestId = 0;
    if (!reply.ok() || reply.value.elements.size() != 2) {
        m_trouble = reply.ok() ? tr("The answer to SCAN can't be read.") : QString::fromStdString(reply.errorText());
        Q_EMIT progressed();
        return;
    }
    m_trouble.clear();
    m_cursor = reply.value.elements[0].asText();
    m_isComplete = m_cursor == "0";
    const qsizetype before = m_keys.size();
    if (m_wanted == keysMax && m_keyCount) // a set of a million that grows stops the window for a moment
        m_known.reserve(std::min<qint64>(*m_keyCount, keysMax));
    for (const RespValue& element : reply.value.elements[1].elements) {
        QByteArray key = QByteArray::fromStdString(element.text);
        // SCAN may tell a key more than once.
        if (m_known.contains(key))
            continue;
        m_known.insert(key);
        m_keys << std::move(key);
    }
    if (m_keys.size() > before)
        Q_EMIT keysAdded(int(m_keys.size() - before));
    if (canFetchMore() && m_keys.size() < m_wanted)
        m_pause.start(int(std::min<qint64>(m_sinceAsked.elapsed(), pauseMsMax)));
    Q_EMIT progressed();
}

void KeyBrowser::askKeyCount()
{
    RequestOptions options;
    options.idempotent = true;
    options.context = this;
    m_client.request({"DBSIZE"}, options, [this](const ClientReply& reply) {
        if (!reply.ok())
            return;
        m_keyCount = reply.value.asInteger();
        Q_EMIT progressed();
    });
}

} // namespace quoit
