#include "console/terminal/keyboard.h"

#include <unistd.h>

namespace quoit::terminal {

Keyboard::Keyboard(QObject* parent)
    : QObject(parent)
{
    // Only in the foreground: a background job that touches the terminal's settings is stopped.
    if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &m_before) != 0)
        return;
    termios keys = m_before;
    keys.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO));
    if (tcsetattr(STDIN_FILENO, TCSANOW, &keys) != 0)
        return;
    m_notifier = std::make_unique<QSocketNotifier>(STDIN_FILENO, QSocketNotifier::Read);
    connect(m_notifier.get(), &QSocketNotifier::activated, this, &Keyboard::onReadable);
}

Keyboard::~Keyboard()
{
    if (m_notifier)
        tcsetattr(STDIN_FILENO, TCSANOW, &m_before);
}

void Keyboard::onReadable()
{
    char key = 0;
    if (read(STDIN_FILENO, &key, 1) == 1)
        Q_EMIT pressed(key);
    else
        m_notifier->setEnabled(false); // the terminal is gone
}

} // namespace quoit::terminal
