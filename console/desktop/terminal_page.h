// console/desktop/terminal_page.h - commands to the cluster, typed, and its replies as redis-cli shows them.
#pragma once

#include "console/desktop/page.h"
#include "console/desktop/terminal_line.h"
#include "console/desktop/terminal_view.h"

#include <QCheckBox>
#include <QPushButton>
#include <QTimer>

#include <optional>

namespace quoit {

class TerminalPage : public Page
{
    Q_OBJECT

public:
    /// What of one reply is shown at once; the rest is saved to a file.
    static constexpr std::size_t shownBytesMax = 64 * 1024;

    explicit TerminalPage(Workspace& workspace, QWidget* parent = nullptr);

    QWidget* firstField() override { return m_line; }
    TerminalLine* line() const { return m_line; }
    TerminalView* view() const { return m_view; }
    /// As if it had been typed. Nothing happens while a reply is waited for.
    void run(const QString& line);
    void clear();
    /// The whole last reply: of a string its bytes, else the text that is shown. @return what went wrong; empty: nothing
    QString saveReply(const QString& fileName);

protected:
    void refresh() override;
    void restyle() override;
    void showEvent(QShowEvent* event) override;

private:
    QLayout* makeLine();
    QLayout* makeFoot();
    void onFinished(const CommandSession::Outcome& outcome);
    void showReply(const RespValue& reply);
    /// @return false: it is for the cluster
    bool runHere(const std::vector<std::string>& arguments);
    void showHelp(const QString& name);
    void showState();
    void showHint();
    void runOrCancel();
    void askWhereToSave();

    CommandSession& m_session;
    Notice* m_notice;
    TerminalView* m_view;
    QLabel* m_prompt;
    TerminalLine* m_line;
    QPushButton* m_run;
    QLabel* m_hint;
    QCheckBox* m_readOnly;
    QPushButton* m_save;
    QPushButton* m_clear;
    QTimer m_patience; // before it says that it waits: most replies are there at once
    QStringList m_seeds; // of the cluster that the view speaks of
    std::optional<RespValue> m_reply; // the last one
};

} // namespace quoit
