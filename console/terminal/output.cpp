#include "console/terminal/output.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace quoit::terminal {

namespace {

bool canColour(int descriptor)
{
    const char* noColour = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    return isatty(descriptor) && !(noColour && *noColour) && !(terminal && std::string_view(terminal) == "dumb");
}

} // namespace

Output::Output(const Options& options)
    : m_style{options.colour.value_or(canColour(STDOUT_FILENO))}
    , m_errorStyle{options.colour.value_or(canColour(STDERR_FILENO))}
    , m_isTerminal(isatty(STDOUT_FILENO))
    , m_showsProgress(isatty(STDERR_FILENO) && !options.quiet)
{}

bool Output::write(std::string_view bytes)
{
    constexpr int brokenPipe = 128 + SIGPIPE; // as shells report it
    const bool isWritten =
        std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() && std::fflush(stdout) == 0;
    // Qt's sockets ignore SIGPIPE for the whole process, so its work is done here.
    if (!isWritten && errno == EPIPE)
        std::_Exit(brokenPipe);
    return isWritten;
}

void Output::line(std::string_view text)
{
    write(std::string(text) + "\n");
}

void Output::lines(const std::vector<std::string>& texts)
{
    std::string all;
    for (const std::string& text : texts)
        all += text + "\n";
    write(all);
}

void Output::complain(std::string_view text)
{
    note(m_errorStyle.paint(Colour::Red, "quoit:") + " " + std::string(text));
}

void Output::note(std::string_view text)
{
    clearProgress();
    const std::string all = std::string(text) + "\n";
    std::fwrite(all.data(), 1, all.size(), stderr);
}

void Output::progress(std::string_view line)
{
    if (!m_showsProgress)
        return;
    const std::string all = std::string("\r").append(line).append("\033[K");
    std::fwrite(all.data(), 1, all.size(), stderr);
    m_hasProgress = true;
}

void Output::clearProgress()
{
    if (m_hasProgress)
        std::fputs("\r\033[K", stderr);
    m_hasProgress = false;
}

Output::Extent Output::extent() const
{
    winsize window{};
    for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO})
        if (ioctl(descriptor, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 && window.ws_row > 0)
            return {window.ws_col, window.ws_row};
    return {80, 24};
}

} // namespace quoit::terminal
