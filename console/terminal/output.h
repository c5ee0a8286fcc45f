// console/terminal/output.h - the terminal itself: standard output and error, their colours and size.
#pragma once

#include "console/terminal/options.h"
#include "console/terminal/text.h"

#include <string>
#include <string_view>
#include <vector>

namespace quoit::terminal {

/// What the process exits with.
enum ExitCode : int {
    exitDone = 0,
    exitNotDone = 1, ///< no such key, failed lines, refused
    exitUsage = 2,
    exitNoConnection = 3,
    exitInterrupted = 130, ///< as shells say for Ctrl+C
};

class Output
{
public:
    /// Colours as the options, NO_COLOR and the terminal say.
    explicit Output(const Options& options);

    /// Bytes to standard output, as they are. Ends the process when nobody reads them any more, as in `quoit scan |
    /// head`.
    /// @return false when they can't be written (a full disk); see errno
    bool write(std::string_view bytes);
    /// A line, or each with its line end, to standard output.
    void line(std::string_view text);
    void lines(const std::vector<std::string>& texts);
    /// "quoit: text" to standard error, in place of a progress bar that stands there.
    void complain(std::string_view text);
    /// A plain line to standard error.
    void note(std::string_view text);
    /// Draws a line over the last one on standard error; nothing unless that is a terminal and progress is wanted.
    void progress(std::string_view line);
    /// Takes the progress line away.
    void clearProgress();

    const Style& style() const { return m_style; } ///< of standard output
    const Style& errorStyle() const { return m_errorStyle; }
    bool isTerminal() const { return m_isTerminal; } ///< standard output
    bool showsProgress() const { return m_showsProgress; }

    struct Extent
    {
        std::size_t columns;
        std::size_t rows;
    };
    /// Of the terminal as it is now; 80 × 24 if there is none.
    Extent extent() const;

private:
    Style m_style;
    Style m_errorStyle;
    bool m_isTerminal;
    bool m_showsProgress;
    bool m_hasProgress = false;
};

} // namespace quoit::terminal
