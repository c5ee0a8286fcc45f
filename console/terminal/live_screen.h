// console/terminal/live_screen.h - shows a live view: on a terminal in place, elsewhere as blocks of lines one below
// the other.
#pragma once

#include "console/terminal/live_view.h"
#include "console/terminal/output.h"
#include "console/terminal/session.h"

#include <QObject>
#include <QTimer>

#include <chrono>
#include <cstdint>

namespace quoit::terminal {

/// Asks for QUOIT.WATCH on every new connection and draws what comes, once a second.
/// On a terminal it uses the other screen, and gives it back when it is destroyed.
class LiveScreen : public QObject
{
    Q_OBJECT

public:
    /// @param session connected or connecting; must outlive this. @param json print each push as one line of JSON
    /// instead
    LiveScreen(Session& session, const std::string& title, bool json);
    ~LiveScreen() override;

    /// Lines below everything else; redraws.
    void setFooter(std::vector<std::string> lines);

Q_SIGNALS:
    /// After each push was drawn. @param count so far
    void pushShown(quint64 count);
    /// The node refuses to be watched. @param reason a sentence for people
    void refused(const QString& reason);

private:
    void askToWatch();
    void onPush(const RespValue& push);
    void onDisconnected(const QString& reason);
    void noteSilence();
    void draw();

    Session& m_session;
    Output& m_output;
    const bool m_json;
    LiveView m_view;
    QTimer m_timer;
    QString m_lossReason; ///< empty: connected
    std::chrono::steady_clock::time_point m_lastPush;
    quint64 m_pushCount = 0;
    Epoch m_mapEpoch = 0; ///< of the map that the view was given, or that is asked for
};

} // namespace quoit::terminal
