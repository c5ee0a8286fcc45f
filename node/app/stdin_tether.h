// node/app/stdin_tether.h - ends this process when whoever holds the other end of its standard input is gone, unless they have
// let it go. However they end, the system closes their end.
#pragma once

#include <QSocketNotifier>

namespace quoit {

/// At the end of standard input this process gets a SIGTERM. The word "stay" before it means that it is to run on.
/// Make one after UnixSignals. Standard input has to be a pipe or a socket.
class StdinTether
{
public:
    StdinTether();

private:
    void onReadable();

    QSocketNotifier m_notifier;
};

} // namespace quoit
