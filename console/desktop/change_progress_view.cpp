#include "console/desktop/change_progress_view.h"

#include "console/desktop/sheet.h"

#include "shared/ring/change_plan.h"


#include <algorithm>

namespace quoit {

namespace {

constexpr int ringEdge = 220;
constexpr int ringEdgeMax = 330;
constexpr int limitMax = 100'000; // MB/s, as the nodes take it

QString changeText(const ChangesReport& report)
{
    return QString::fromStdString(report.text);
}

} // namespace

ChangeProgressView::ChangeProgressView(Workspace& workspace, QWidget* parent)
    : Card(workspace, tr("Change in progress"), parent)
{
    auto* row = new QHBoxLayout;
    row->setSpacing(16);
    m_ring = new RingView(workspace.themes());
    m_ring->setLegendVisible(false);
    m_ring->setReducedMotion(workspace.isMotionReduced());
    m_ring->setMinimumSize(ringEdge, ringEdge);
    m_ring->setAccessibleName(tr("Ring with the partitions that move"));
    m_ring->setMaximumSize(ringEdgeMax, ringEdgeMax);
    m_ring->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    row->addWidget(m_ring, 5);
    auto* side = new QVBoxLayout;
    side->setSpacing(8);
    m_text = new QLabel;
    m_text->setWordWrap(true);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_state = new QLabel;
    m_state->setWordWrap(true);
    m_state->setForegroundRole(QPalette::PlaceholderText);
    m_bar = new QProgressBar;
    m_bar->setTextVisible(false);
    m_bar->setAccessibleName(tr("Partitions copied"));
    side->addWidget(m_text);
    side->addWidget(m_state);
    side->addWidget(m_bar);
    side->addLayout(makeFigures());
    m_nodes = new QGridLayout;
    m_nodes->setHorizontalSpacing(12);
    m_nodes->setVerticalSpacing(4);
    m_nodes->setColumnStretch(1, 1);
    side->addLayout(m_nodes);
    side->addStretch(1);
    side->addLayout(makeActions());
    row->addLayout(side, 6);
    body()->addLayout(row);
    m_problem = new QLabel;
    m_problem->setWordWrap(true);
    m_problem->setObjectName(QStringLiteral("changeProblem"));
    m_problem->hide();
    body()->addWidget(m_problem);
    m_queueTitle = new QLabel(tr("Waits for its turn"));
    m_queueTitle->setProperty("kind", QStringLiteral("muted"));
    body()->addWidget(m_queueTitle);
    m_queue = new QVBoxLayout;
    body()->addLayout(m_queue);
    m_running = {m_ring, m_text, m_state, m_bar,   m_copied, m_bytes,
                 m_rate, m_left, m_pause, m_abort, m_limit,  m_setLimit};
    restyle();
}

QLayout* ChangeProgressView::makeFigures()
{
    auto* grid = new QGridLayout;
    grid->setVerticalSpacing(2);
    int column = 0;
    const auto figure = [&](const QString& name, const QString& tip) {
        auto* title = new QLabel(name);
        title->setProperty("kind", QStringLiteral("muted"));
        auto* value = new QLabel;
        value->setProperty("kind", QStringLiteral("title"));
        value->setAccessibleName(name);
        title->setToolTip(tip);
        value->setToolTip(tip);
        grid->addWidget(title, 0, column);
        grid->addWidget(value, 1, column++);
        return value;
    };
    m_copied = figure(tr("Partitions"), tr("Copied, of those that are to be copied, over all nodes"));
    m_bytes = figure(tr("Copied"), tr("Keys and values"));
    m_rate = figure(tr("Rate"), tr("Over the last ten seconds"));
    m_left = figure(tr("Left"), tr("At the rate of the last ten seconds"));
    return grid;
}

QLayout* ChangeProgressView::makeActions()
{
    auto* actions = new QHBoxLayout;
    actions->setSpacing(8);
    m_pause = new QPushButton;
    m_pause->setObjectName(QStringLiteral("pause"));
    connect(m_pause, &QPushButton::clicked, this, &ChangeProgressView::pauseOrResume);
    m_limit = new QSpinBox;
    m_limit->setRange(0, limitMax);
    m_limit->setSpecialValueText(tr("no limit"));
    m_limit->setSuffix(tr(" MB/s"));
    m_limit->setAccessibleName(tr("Limit for each node that copies, in MB/s; 0: none"));
    m_limit->setToolTip(tr("For each node that copies. Without a limit nodes go as fast as clients' latency allows."));
    m_setLimit = new QPushButton(tr("Limit"));
    m_setLimit->setObjectName(QStringLiteral("limit"));
    connect(m_setLimit, &QPushButton::clicked, this,
            [this] { m_workspace.changes().throttle(m_limit->value(), this, reportProblem()); });
    m_abort = new QPushButton(tr("Abort…"));
    m_abort->setProperty("kind", QStringLiteral("danger"));
    m_abort->setObjectName(QStringLiteral("abort"));
    m_abort->setToolTip(tr("Leave the ring as it was before"));
    connect(m_abort, &QPushButton::clicked, this, [this] { askToAbort(m_number, m_text->text(), false); });
    actions->addWidget(m_pause);
    actions->addWidget(m_limit);
    actions->addWidget(m_setLimit);
    actions->addStretch(1);
    actions->addWidget(m_abort);
    return actions;
}

ChangeDesk::DoneCallback ChangeProgressView::reportProblem()
{
    return [this](const QString& problem) { setProblem(problem); };
}

void ChangeProgressView::setProblem(const QString& text)
{
    m_problem->setText(text);
    m_problem->setVisible(!text.isEmpty());
}

void ChangeProgressView::pauseOrResume()
{
    m_workspace.changes().setPaused(!m_isPaused, this, reportProblem());
}

void ChangeProgressView::askToAbort(quint64 number, const QString& text, bool isWaiting)
{
    auto* question = new Sheet(
        isWaiting ? tr("Take this change out of the queue?") : tr("Abort this change?"),
        isWaiting
            ? tr("%1\n\nNothing of it has begun.").arg(text)
            : tr("%1\n\nThe ring stays as it was before it. What was copied is given up; no data is lost.").arg(text),
        this);
    question->setObjectName(QStringLiteral("abortQuestion"));
    question->setLeaveText(isWaiting ? tr("Leave it in") : tr("Go on"));
    question->addButton(isWaiting ? tr("Take out") : tr("Abort it"), Sheet::Button::Danger,
                        [this, number] { m_workspace.changes().abort(number, this, reportProblem()); });
    question->open();
}

QString ChangeProgressView::nodeName(NodeId id) const
{
    const NodeReport* node = m_workspace.live().node(id);
    return node && !node->name.empty() ? QString::fromStdString(node->name) : tr("node %1").arg(id);
}

bool ChangeProgressView::isAnythingMoving() const
{
    const ClusterMapPtr& map = m_workspace.live().map;
    if (!map || !map->isChanging())
        return true; // not told yet
    for (PartitionIndex partition = 0; partition < map->partitionCount(); ++partition)
        if (!newReplicas(*map, partition).empty())
            return true;
    return false;
}

bool ChangeProgressView::refresh()
{
    const auto& known = m_workspace.changes().changes();
    const bool isRunning = known && known->state != "none";
    if (!known || (!isRunning && known->queue.empty()))
        return false;
    setTitle(isRunning ? tr("Change in progress") : tr("Changes that wait"));
    setNote(isRunning ? tr("number %1").arg(known->number) : QString());
    for (QWidget* widget : m_running)
        widget->setVisible(isRunning);
    if (isRunning) {
        if (m_number != known->number) {
            m_number = known->number;
            m_limit->setValue(int(std::min<quint64>(known->copyMegabytesPerSecond, limitMax)));
            setProblem({});
        }
        m_ring->setSnapshot(m_workspace.live());
        showFigures(*known);
    }
    showNodes(*known);
    showQueue(*known);
    return true;
}

void ChangeProgressView::showFigures(const ChangesReport& report)
{
    const ChangeDesk& desk = m_workspace.changes();
    m_isPaused = report.state == "paused";
    const bool isAborting = report.state == "aborting";
    m_pause->setEnabled(!isAborting);
    m_abort->setEnabled(!isAborting);
    m_pause->setText(m_isPaused ? tr("Resume") : tr("Pause"));
    m_pause->setToolTip(m_isPaused ? tr("Go on copying") : tr("Copy no more until it is resumed"));
    m_pause->setIcon(themedIcon(m_isPaused ? QStringLiteral("play") : QStringLiteral("pause"), m_workspace.theme()));
    m_text->setText(changeText(report));
    const bool isCopied = report.partitionsToCopy > 0 && report.partitionsCopied >= report.partitionsToCopy;
    QString state = isAborting             ? tr("Being aborted: who came in by it leaves when its clients are gone.")
                    : m_isPaused           ? tr("Paused: nothing is copied until it is resumed.")
                    : isCopied             ? tr("Everything is copied. The ring changes when all nodes know it.")
                    : report.nodes.empty() ? (isAnythingMoving() ? tr("Beginning: nodes learn what they have to copy.")
                                                                 : tr("Nothing has to be copied. The ring changes when "
                                                                      "all nodes know it."))
                                           : tr("Copying. Requests go on meanwhile.");
    if (report.copyMegabytesPerSecond > 0)
        state += tr(" At most %1 MB/s for each node.").arg(report.copyMegabytesPerSecond);
    m_state->setText(state);
    m_bar->setRange(0, int(std::max<quint64>(1, report.partitionsToCopy)));
    m_bar->setValue(int(report.partitionsCopied));
    m_copied->setText(report.partitionsToCopy == 0
                          ? noDataText()
                          : tr("%1 of %2").arg(countText(report.partitionsCopied), countText(report.partitionsToCopy)));
    m_bytes->setText(numberText(double(desk.bytesCopied()), Unit::Bytes));
    m_rate->setText(numberText(desk.bytesPerSecond(), Unit::BytesPerSecond));
    m_left->setText(m_isPaused ? noDataText()
                    : isAborting ? tr("seconds")
                    : isCopied ? tr("seconds")
                               : durationText(desk.remainingMs().value_or(-1)));
    const int percent = report.partitionsToCopy == 0 ? 0 : int(100 * report.partitionsCopied / report.partitionsToCopy);
    if (report.partitionsToCopy == 0)
        m_ring->setCaption(isAborting ? tr("Aborting") : m_isPaused ? tr("Paused") : tr("Changing"), tr("nothing to copy"));
    else
        m_ring->setCaption(tr("%1 %").arg(percent), m_isPaused ? tr("paused") : tr("copied"));
}

void ChangeProgressView::showNodes(const ChangesReport& report)
{
    const bool isSame = std::ranges::equal(m_rows, report.nodes, {}, &Row::node, &CopyReport::node);
    if (!isSame) {
        for (const Row& row : m_rows)
            for (QWidget* widget :
                 {static_cast<QWidget*>(row.name), static_cast<QWidget*>(row.bar), static_cast<QWidget*>(row.text)})
                delete widget;
        m_rows.clear();
        for (const CopyReport& node : report.nodes) {
            const Row row{node.node, new QLabel, new QProgressBar, new QLabel};
            row.bar->setTextVisible(false);
            const int line = int(m_rows.size());
            m_nodes->addWidget(row.name, line, 0);
            m_nodes->addWidget(row.bar, line, 1);
            m_nodes->addWidget(row.text, line, 2, Qt::AlignRight);
            m_rows.push_back(row);
        }
    }
    for (std::size_t i = 0; i < m_rows.size(); ++i) {
        const CopyReport& node = report.nodes[i];
        m_rows[i].name->setText(nodeName(node.node));
        m_rows[i].bar->setRange(0, int(std::max<quint64>(1, node.partitionsToCopy)));
        m_rows[i].bar->setValue(int(node.partitionsCopied));
        m_rows[i].bar->setAccessibleName(tr("Copied by %1").arg(nodeName(node.node)));
        m_rows[i].text->setText(tr("%1 of %2").arg(countText(node.partitionsCopied), countText(node.partitionsToCopy)));
    }
}

void ChangeProgressView::showQueue(const ChangesReport& report)
{
    m_queueTitle->setVisible(!report.queue.empty());
    if (std::ranges::equal(m_waiting, report.queue, {}, &Waiting::number, &WaitingChangeReport::number))
        return;
    for (const Waiting& waiting : m_waiting)
        delete waiting.row;
    m_waiting.clear();
    for (const WaitingChangeReport& change : report.queue) {
        auto* row = new QWidget;
        auto* line = new QHBoxLayout(row);
        line->setContentsMargins(0, 0, 0, 0);
        const QString text = QString::fromStdString(change.text);
        auto* label = new QLabel(tr("%1: %2").arg(change.number).arg(text));
        label->setWordWrap(true);
        auto* out = new QPushButton(tr("Take out…"));
        out->setAccessibleName(tr("Take change %1 out of the queue").arg(change.number));
        connect(out, &QPushButton::clicked, this,
                [this, number = change.number, text] { askToAbort(number, text, true); });
        line->addWidget(label, 1);
        line->addWidget(out);
        m_queue->addWidget(row);
        m_waiting.push_back({change.number, row});
    }
}

void ChangeProgressView::restyle()
{
    const Theme& theme = m_workspace.theme();
    m_abort->setIcon(themedIcon(QStringLiteral("close"), theme));
    m_pause->setIcon(themedIcon(m_isPaused ? QStringLiteral("play") : QStringLiteral("pause"), theme));
    QPalette palette = m_problem->palette();
    palette.setColor(QPalette::WindowText, theme.down);
    m_problem->setPalette(palette);
}

} // namespace quoit
