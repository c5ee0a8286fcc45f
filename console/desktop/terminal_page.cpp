#include "console/desktop/terminal_page.h"

#include "console/desktop/cards.h"
#include "shared/resp/inline_arguments.h"
#include "shared/resp/reply_text.h"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QSaveFile>
#include <QShortcut>

#include <algorithm>

namespace quoit {

namespace {

constexpr int patienceMs = 250;
constexpr int namesShownMax = 8;
constexpr qsizetype echoCharactersMax = 2000;
const QString historyName = QStringLiteral("terminal/history");

QPushButton* quietButton(const QString& text)
{
    auto* button = new QPushButton(text);
    button->setProperty("kind", QStringLiteral("quiet"));
    return button;
}

} // namespace

TerminalPage::TerminalPage(Workspace& workspace, QWidget* parent)
    : Page(workspace, tr("Terminal"), QStringLiteral("terminal"), Time::Present, parent)
    , m_session(workspace.commands())
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(20, 16, 20, 20);
    auto* card = new Card(workspace, {});
    column->addWidget(card);
    m_notice = new Notice;
    m_notice->setObjectName(QStringLiteral("terminalNotice"));
    card->body()->addWidget(m_notice);
    m_view = new TerminalView(workspace.theme());
    m_view->setMinimumHeight(120);
    card->body()->addWidget(m_view, 1);
    card->body()->addLayout(makeLine());
    m_hint = new QLabel;
    m_hint->setObjectName(QStringLiteral("terminalHint"));
    m_hint->setProperty("kind", QStringLiteral("muted"));
    m_hint->setWordWrap(true);
    card->body()->addWidget(m_hint);
    card->body()->addLayout(makeFoot());

    m_patience.setSingleShot(true);
    m_patience.setInterval(patienceMs);
    connect(&m_patience, &QTimer::timeout, this, &TerminalPage::showState);
    connect(m_view, &TerminalView::typed, this, [this](QKeyEvent* event) {
        m_line->setFocus(Qt::OtherFocusReason);
        m_line->takeKey(event);
    });
    connect(&m_session, &CommandSession::changed, this, &TerminalPage::showState);
    connect(&m_session, &CommandSession::finished, this, &TerminalPage::onFinished);
    connect(&m_session, &CommandSession::reconnected, this, [this](const QString& address, bool isOtherNode) {
        m_view->append(TerminalLineKind::Note,
                       (isOtherNode ? tr("--- connected to %1 now; what was set for the connection before is gone")
                                    : tr("--- connected to %1 again; what was set for the connection before is gone"))
                           .arg(address));
    });
    connect(&workspace, &Workspace::readOnlyChanged, this, &TerminalPage::showState);
    const auto shortcut = [this](const QKeySequence& keys, auto handler) {
        connect(new QShortcut(keys, this, nullptr, nullptr, Qt::WidgetWithChildrenShortcut), &QShortcut::activated, this,
                handler);
    };
    shortcut(QKeySequence(Qt::CTRL | Qt::Key_L), &TerminalPage::clear);
    shortcut(QKeySequence(Qt::Key_Escape), [this] { m_session.cancel(); });
    restyle();
    showState();
}

QLayout* TerminalPage::makeLine()
{
    auto* row = new QHBoxLayout;
    m_prompt = new QLabel;
    m_prompt->setTextFormat(Qt::PlainText);
    row->addWidget(m_prompt);
    m_line = new TerminalLine(m_session.book());
    m_line->setAccessibleName(tr("Command"));
    m_line->setPlaceholderText(tr("GET key, INFO, QUOIT.STATUS, help …"));
    m_line->setHistory(m_workspace.settings().value(historyName).toStringList());
    connect(m_line, &QLineEdit::textChanged, this, &TerminalPage::showHint);
    connect(m_line, &QLineEdit::returnPressed, this, [this] { run(m_line->text()); });
    row->addWidget(m_line, 1);
    m_run = new QPushButton;
    m_run->setObjectName(QStringLiteral("terminalRun"));
    connect(m_run, &QPushButton::clicked, this, &TerminalPage::runOrCancel);
    row->addWidget(m_run);
    return row;
}

QLayout* TerminalPage::makeFoot()
{
    auto* row = new QHBoxLayout;
    m_readOnly = new QCheckBox(tr("Read only"));
    connect(m_readOnly, &QCheckBox::toggled, &m_workspace, &Workspace::setReadOnly);
    row->addWidget(m_readOnly);
    row->addStretch(1);
    m_save = quietButton(tr("Save reply…"));
    m_save->setToolTip(tr("The whole last reply, to a file"));
    connect(m_save, &QPushButton::clicked, this, &TerminalPage::askWhereToSave);
    row->addWidget(m_save);
    m_clear = quietButton(tr("Clear"));
    m_clear->setToolTip(tr("Clear what is shown (Ctrl+L)"));
    connect(m_clear, &QPushButton::clicked, this, &TerminalPage::clear);
    row->addWidget(m_clear);
    return row;
}

void TerminalPage::restyle()
{
    const Theme& theme = m_workspace.theme();
    m_view->restyle();
    m_line->setFont(theme.mono);
    m_prompt->setFont(theme.mono);
    m_save->setIcon(themedIcon(QStringLiteral("save"), theme));
    m_clear->setIcon(themedIcon(QStringLiteral("close"), theme));
}

void TerminalPage::showEvent(QShowEvent* event)
{
    m_session.open();
    Page::showEvent(event);
}

void TerminalPage::refresh()
{
    if (m_seeds != m_workspace.monitor().seeds()) { // another cluster
        m_seeds = m_workspace.monitor().seeds();
        clear();
        m_reply.reset();
    }
    showState();
}

void TerminalPage::showState()
{
    const bool isConnected = m_session.isConnected();
    m_prompt->setText(isConnected ? m_session.address() + QLatin1Char('>') : tr("not connected>"));
    m_notice->say(isConnected                      ? QString()
                  : m_session.trouble().isEmpty() ? tr("Connecting to the cluster…")
                                                  : tr("Not connected: %1. Still trying.").arg(m_session.trouble()));
    if (m_session.isBusy() && !m_patience.isActive()) {
        m_run->setText(tr("Cancel"));
        m_run->setToolTip(tr("Stop waiting for the reply (Escape)"));
    } else {
        m_run->setText(tr("Run"));
        m_run->setToolTip({});
    }
    const QString whyNot = m_workspace.whyNotChange();
    m_readOnly->setChecked(m_workspace.isReadOnlyChosen());
    m_readOnly->setEnabled(whyNot.isEmpty());
    m_readOnly->setToolTip(whyNot.isEmpty() ? tr("Commands that write aren't sent to this cluster. Kept for this cluster.")
                                            : whyNot);
    m_save->setEnabled(m_reply.has_value());
    showHint();
}

void TerminalPage::showHint()
{
    QString hint;
    const CommandBook& book = m_session.book();
    const QString name = m_line->commandName();
    if (m_session.isBusy() && !m_patience.isActive()) {
        hint = tr("Waiting for the reply…");
    } else if (const QStringList names = book.namesWith(name); m_line->isInName() && names.size() > 1) {
        hint = names.mid(0, namesShownMax).join(QStringLiteral(" · "));
        if (names.size() > namesShownMax)
            hint += tr(" and %1 more").arg(names.size() - namesShownMax);
    } else {
        hint = book.hint(name);
        if (hint.isEmpty() && m_line->isInName() && names.size() == 1)
            hint = names.front() + QStringLiteral(" · ") + book.hint(names.front());
    }
    if (hint.isEmpty())
        hint = tr("Up and Down: earlier commands · Tab: completes a name · Ctrl+L: clears");
    m_hint->setText(hint);
    m_line->setAccessibleDescription(hint);
}

void TerminalPage::runOrCancel()
{
    if (m_session.isBusy())
        m_session.cancel();
    else
        run(m_line->text());
    m_line->setFocus();
}

void TerminalPage::run(const QString& line)
{
    if (m_session.isBusy() || line.trimmed().isEmpty())
        return;
    m_line->history().add(line);
    m_workspace.settings().setValue(historyName, m_line->history().lines());
    m_line->clear();
    QString echo = m_prompt->text() + QLatin1Char(' ') + line.left(echoCharactersMax);
    if (line.size() > echoCharactersMax)
        echo += QStringLiteral("…");
    m_view->append(TerminalLineKind::Command, echo);
    const auto arguments = splitInlineArguments(line.toStdString());
    if (!arguments)
        m_view->append(TerminalLineKind::Error,
                       tr("(error) Invalid argument(s): a quote isn't closed, or isn't followed by a space."));
    else if (!arguments->empty() && !runHere(*arguments)) {
        m_patience.start();
        m_session.run(*arguments);
    }
}

bool TerminalPage::runHere(const std::vector<std::string>& arguments)
{
    const QString name = QString::fromStdString(arguments.front()).toLower();
    if (name == QLatin1String("clear"))
        clear();
    else if (name == QLatin1String("help"))
        showHelp(arguments.size() > 1 ? QString::fromStdString(arguments[1]) : QString());
    else
        return false;
    return true;
}

void TerminalPage::showHelp(const QString& name)
{
    const CommandBook& book = m_session.book();
    const auto line = [this](const QString& text) { m_view->append(TerminalLineKind::Reply, text); };
    if (book.isEmpty())
        return line(tr("The cluster hasn't told its commands yet."));
    if (!name.isEmpty()) {
        const QString hint = book.hint(name);
        return line(hint.isEmpty() ? tr("There is no command %1.").arg(name.toUpper())
                                   : name.toUpper() + QStringLiteral(" · ") + hint);
    }
    line(book.namesWith({}).join(QLatin1Char(' ')));
    line(tr("help NAME says what one is for. clear clears. \"Double quotes\" know \\n \\r \\t \\xHH and \\\", 'single quotes' "
            "only \\'."));
}

void TerminalPage::onFinished(const CommandSession::Outcome& outcome)
{
    m_patience.stop();
    const QString reason = QString::fromStdString(outcome.reply.reason);
    if (outcome.reply.fate == RequestFate::Answered)
        showReply(outcome.reply.value);
    else if (outcome.isRefused)
        m_view->append(TerminalLineKind::Error, tr("(refused) %1").arg(reason));
    else if (outcome.reply.fate == RequestFate::NotRun)
        m_view->append(TerminalLineKind::Error, tr("(not sent) %1").arg(reason));
    else
        m_view->append(TerminalLineKind::Error, tr("(no reply) It may have run: %1.").arg(reason));
    if (outcome.microseconds > 0)
        m_view->append(TerminalLineKind::Note, QStringLiteral("%1 · %2").arg(
                                                   numberText(double(outcome.microseconds), Unit::Microseconds),
                                                   outcome.address));
}

void TerminalPage::showReply(const RespValue& reply)
{
    m_reply = reply;
    std::string text;
    const bool isWhole = writeReplyText(reply, [&text](std::string_view piece) {
        text += piece.substr(0, std::min(piece.size(), shownBytesMax - text.size()));
        return text.size() < shownBytesMax;
    });
    const QString shown = QString::fromStdString(text).remove(QLatin1Char('\r'));
    m_view->append(reply.isError() ? TerminalLineKind::Error : TerminalLineKind::Reply, shown);
    if (!isWhole)
        m_view->append(TerminalLineKind::Note, tr("--- cut here; \"Save reply…\" writes all of it to a file"));
    m_view->setAccessibleDescription(shown.left(200));
}

void TerminalPage::clear()
{
    m_view->clear();
}

QString TerminalPage::saveReply(const QString& fileName)
{
    if (!m_reply)
        return tr("There is no reply yet.");
    QSaveFile file(fileName);
    bool isWritten = file.open(QIODevice::WriteOnly);
    const auto write = [&](std::string_view piece) {
        return isWritten = isWritten && file.write(piece.data(), qint64(piece.size())) == qint64(piece.size());
    };
    if (m_reply->isString())
        write(m_reply->text);
    else
        writeReplyText(*m_reply, write);
    return isWritten && file.commit() ? QString() : tr("%1 can't be written: %2.").arg(fileName, file.errorString());
}

void TerminalPage::askWhereToSave()
{
    const QString name = QFileDialog::getSaveFileName(this, tr("Save reply"), QStringLiteral("reply.txt"));
    if (name.isEmpty())
        return;
    const QString trouble = saveReply(name);
    m_view->append(trouble.isEmpty() ? TerminalLineKind::Note : TerminalLineKind::Error,
                   trouble.isEmpty() ? tr("--- saved to %1").arg(name) : tr("(error) %1").arg(trouble));
}

} // namespace quoit
