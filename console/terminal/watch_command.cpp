// console/terminal/watch_command.cpp - the live view of a cluster that runs elsewhere.
#include "console/terminal/commands.h"

#include "console/terminal/interrupt.h"
#include "console/terminal/live_screen.h"

#include <QEventLoop>

#include <optional>

namespace quoit::terminal {

int runWatch(Session& session, const Options& options)
{
    QEventLoop loop;
    Interrupt interrupt;
    QString refusal;
    std::optional<LiveScreen> screen(std::in_place, session, "quoit watch " + session.address(), options.json);
    QObject::connect(&interrupt, &Interrupt::requested, &loop, &QEventLoop::quit);
    QObject::connect(&*screen, &LiveScreen::pushShown, &loop, [&](quint64 count) {
        if (count == options.limit)
            loop.quit();
    });
    QObject::connect(&*screen, &LiveScreen::refused, &loop, [&](const QString& reason) {
        refusal = reason;
        loop.quit();
    });
    loop.exec();
    screen.reset(); // what follows belongs onto the ordinary screen
    return refusal.isEmpty() ? int(exitDone) : session.refuse(printable(refusal.toStdString()));
}

} // namespace quoit::terminal
