// console/cluster/key_finder.h - finds keys for a text while it is typed: those that are loaded, and the one that is
// called so. Loaded keys are searched a part at a time, so that a million of them don't stop the window; the cluster is
// asked with one request in flight, once typing pauses.
#pragma once

#include "console/cluster/key_browser.h"

#include <QTimer>

#include <functional>
#include <optional>

namespace quoit {

class KeyFinder : public QObject
{
    Q_OBJECT

public:
    static constexpr int matchesMax = 12;

    enum class Exact { Unknown, Present, Absent };

    /// Answers whether a key is there; nothing: it couldn't be asked. May answer after the finder is gone.
    using Answer = std::function<void(std::optional<bool>)>;
    using Ask = std::function<void(const QByteArray& key, Answer answer)>;

    /// @param browser whose keys are searched; must outlive this
    KeyFinder(const KeyBrowser& browser, Ask ask, QObject* parent = nullptr);

    /// Starts over with another text; what was found for the last one is dropped. Empty: finds nothing.
    void find(const QByteArray& text);
    const QByteArray& text() const { return m_text; }
    /// Whether there is a key that is called as the text.
    Exact exact() const { return m_exact; }
    /// [≤ matchesMax] loaded keys with the text in them, but not the one that is called so. Grows at its end.
    const QList<QByteArray>& matches() const { return m_matches; }

Q_SIGNALS:
    /// exact() or matches()
    void changed();

private:
    void search();
    void askOne();
    void onAnswer(const QByteArray& key, std::optional<bool> isPresent);

    const KeyBrowser& m_browser;
    const Ask m_ask;
    QByteArray m_text;
    Exact m_exact = Exact::Unknown;
    QList<QByteArray> m_matches;
    qsizetype m_searched = 0;   // of the browser's keys
    bool m_isPrefixTurn = true; // keys that begin with the text come first, then those with it inside
    bool m_isAsking = false;
    QTimer m_typing;
    QTimer m_searching;
};

} // namespace quoit
