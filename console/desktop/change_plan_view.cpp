#include "console/desktop/change_plan_view.h"

#include "console/desktop/ring_view_marks.h"
#include "shared/ring/change_plan.h"

#include <QFrame>
#include <QHeaderView>

#include <algorithm>

namespace quoit {

namespace {

constexpr int ringEdge = 226;
constexpr int ringEdgeMax = 460;
constexpr int rowPixels = 30;

QString ratioText(double value)
{
    return QString::number(value, 'f', 2);
}

/// The nodes of a ring that isn't: up, but for those that come.
std::vector<NodeReport> nodesOf(const ClusterMap& map, const ClusterSnapshot& snapshot)
{
    std::vector<NodeReport> nodes;
    for (const Member& member : map.members()) {
        NodeReport node;
        if (const NodeReport* known = snapshot.node(member.id))
            node = *known;
        else
            node.state = NodeState::Waiting;
        node.id = member.id;
        node.name = member.name;
        nodes.push_back(std::move(node));
    }
    return nodes;
}

} // namespace

ChangePlanView::ChangePlanView(Workspace& workspace, QWidget* parent)
    : Card(workspace, tr("Plan"), parent)
{
    m_text = new QLabel;
    m_text->setWordWrap(true);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    body()->addWidget(m_text);
    body()->addWidget(makeNotice());
    body()->addLayout(makeRings(), 1);
    m_marksNote = new QLabel;
    m_marksNote->setAlignment(Qt::AlignHCenter);
    body()->addWidget(m_marksNote);
    body()->addLayout(makeFigures());
    m_risks = new QLabel;
    m_risks->setWordWrap(true);
    m_risks->setTextFormat(Qt::RichText);
    m_risks->setAccessibleName(tr("Risks"));
    body()->addWidget(m_risks);
    m_model = new PlanNodeModel(workspace.themes(), this);
    m_table = new QTableView;
    m_table->setModel(m_model);
    m_table->setAccessibleName(tr("What the plan means for each node"));
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setShowGrid(false);
    m_table->setTabKeyNavigation(false);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(rowPixels);
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    m_table->horizontalHeader()->setHighlightSections(false);
    body()->addWidget(m_table);
    m_names = new QVBoxLayout;
    body()->addLayout(m_names);
    body()->addStretch(0);
    body()->addLayout(makeFoot());
    restyle();
}

QWidget* ChangePlanView::makeNotice()
{
    auto* frame = new QFrame;
    frame->setProperty("kind", QStringLiteral("warning"));
    auto* row = new QHBoxLayout(frame);
    m_noticeText = new QLabel(tr("The ring has changed since this plan was made: it can't be applied any more."));
    m_noticeText->setWordWrap(true);
    auto* again = new QPushButton(tr("Plan again"));
    again->setObjectName(QStringLiteral("planAgain"));
    connect(again, &QPushButton::clicked, this, &ChangePlanView::planAgainWanted);
    row->addWidget(m_noticeText, 1);
    row->addWidget(again);
    m_notice = frame;
    m_notice->hide();
    return frame;
}

QLayout* ChangePlanView::makeRings()
{
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    const auto ring = [&](const QString& name) {
        auto* view = new RingView(m_workspace.themes());
        view->setLegendVisible(false);
        view->setReducedMotion(true);
        view->setMinimumSize(ringEdge, ringEdge);
        view->setMaximumHeight(ringEdgeMax);
        view->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Ignored); // what the rest of the card leaves
        view->setAccessibleName(name);
        view->setHint(name, tr("not known"));
        row->addWidget(view, 1);
        return view;
    };
    m_before = ring(tr("Ring before the change"));
    m_after = ring(tr("Ring after the change"));
    return row;
}

QLayout* ChangePlanView::makeFigures()
{
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(16);
    grid->setVerticalSpacing(2);
    const QString names[figureCount] = {tr("Moves"), tr("To copy, about"), tr("Takes about"), tr("Busiest, × fair share"),
                                        tr("Zones")};
    const QString tips[figureCount] = {tr("The share of all replicas that somebody copies"),
                                       tr("Keys and values, over all nodes that copy"),
                                       tr("At the rate that was measured last, or a careful guess"),
                                       tr("What the busiest node holds, as a multiple of its fair share, before and after"),
                                       tr("Zones, before and after; a node without one counts as one")};
    for (int i = 0; i < figureCount; ++i) {
        auto* name = new QLabel(names[i]);
        name->setProperty("kind", QStringLiteral("muted"));
        m_figures[i] = new QLabel;
        m_figures[i]->setProperty("kind", QStringLiteral("title"));
        m_figures[i]->setAccessibleName(names[i]);
        for (QLabel* label : {name, m_figures[i]})
            label->setToolTip(tips[i]);
        grid->addWidget(name, 0, i);
        grid->addWidget(m_figures[i], 1, i);
    }
    return grid;
}

QLayout* ChangePlanView::makeFoot()
{
    auto* foot = new QHBoxLayout;
    m_problem = new QLabel;
    m_problem->setWordWrap(true);
    m_problem->setObjectName(QStringLiteral("applyProblem"));
    auto* discard = new QPushButton(tr("Discard"));
    discard->setToolTip(tr("Forget the plan. Nothing has happened yet."));
    connect(discard, &QPushButton::clicked, this, &ChangePlanView::discardWanted);
    m_apply = new QPushButton(tr("Apply"));
    m_apply->setProperty("kind", QStringLiteral("primary"));
    m_apply->setObjectName(QStringLiteral("apply"));
    connect(m_apply, &QPushButton::clicked, this, &ChangePlanView::applyWanted);
    foot->addWidget(m_problem, 1);
    foot->addWidget(discard);
    foot->addWidget(m_apply);
    return foot;
}

void ChangePlanView::showPlan(const PlanReport& plan, const std::vector<StagedStep>& steps, const ClusterMapPtr& before)
{
    m_plan = plan;
    m_isStale = false;
    m_isBusy = false;
    QString text = QString::fromStdString(plan.text);
    m_text->setText(text.left(1).toUpper() + text.mid(1));
    setNote(tr("number %1, for epoch %2").arg(plan.number).arg(plan.epoch));
    const Result<ClusterMapPtr> decoded = ClusterMap::decode(plan.ringAfter);
    const ClusterMapPtr after = decoded ? decoded.value() : nullptr;
    // A map of another epoch isn't where the plan starts from.
    const ClusterMapPtr start = before && before->epoch() == plan.epoch ? before : nullptr;
    showRings(start, after);
    showFigures(start, after);
    showRisks();
    std::uint64_t held[2] = {0, 0};
    for (const PlanNodeReport& node : plan.nodes) {
        held[0] += node.partitionsBefore;
        held[1] += node.partitionsAfter;
    }
    m_model->show(plan.nodes, std::max<std::uint64_t>(1, held[0]), std::max<std::uint64_t>(1, held[1]));
    m_model->setStates(m_workspace.live().nodes);
    const int rows = std::min(m_model->rowCount(), 8);
    m_table->setFixedHeight(rows * rowPixels + 36);
    askForNames(steps);
    setProblem({});
    updateState();
    show();
}

void ChangePlanView::showRings(const ClusterMapPtr& before, const ClusterMapPtr& after)
{
    const ClusterSnapshot& snapshot = m_workspace.live();
    const auto present = [&](RingView* view, const ClusterMapPtr& map, const QString& title) {
        view->setMap(map);
        view->setNodes(map ? nodesOf(*map, snapshot) : std::vector<NodeReport>());
        view->setMarks(before && after ? marksOfDifference(*before, *after) : std::vector<RingMark>());
        view->setCaption(title, map ? countedNodes(*map) + QLatin1Char('\n') + countedReplicas(*map) : QString());
    };
    m_marksNote->setVisible(before && after && m_plan.partitionsMoved > 0);
    present(m_before, before, tr("Before"));
    present(m_after, after, tr("After"));
}

void ChangePlanView::showFigures(const ClusterMapPtr& before, const ClusterMapPtr& after)
{
    m_figures[Moves]->setText(numberText(m_plan.movedShare, Unit::Ratio));
    m_figures[Data]->setText(m_plan.partitionsMoved == 0 ? tr("nothing")
                                                         : numberText(double(m_plan.bytesMoved), Unit::Bytes));
    m_figures[Time]->setText(durationText(qint64(m_plan.secondsEstimated) * 1000));
    m_figures[Busiest]->setText(tr("%1 → %2").arg(ratioText(m_plan.balanceBefore), ratioText(m_plan.balanceAfter)));
    m_figures[Zones]->setText(before && after
                                  ? tr("%1 → %2").arg(zoneCount(before->members())).arg(zoneCount(after->members()))
                                  : noDataText());
}

void ChangePlanView::showRisks()
{
    QStringList lines;
    const QString mark =
        QStringLiteral("<span style=\"color:%1\">▲</span>&nbsp; ").arg(m_workspace.theme().suspect.name());
    for (const std::string& risk : m_plan.risks)
        lines << mark + riskText(m_plan, risk).toHtmlEscaped();
    if (lines.isEmpty())
        lines << QStringLiteral("<span style=\"color:%1\">●</span>&nbsp; ").arg(m_workspace.theme().up.name()) +
                     tr("No risk is seen. Requests go on while data is copied.");
    m_risks->setText(lines.join(QStringLiteral("<br>")));
}

/// Where data leaves, the name is typed: a click alone is too easily done.
void ChangePlanView::askForNames(const std::vector<StagedStep>& steps)
{
    while (QLayoutItem* item = m_names->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    m_confirmations.clear();
    for (const StagedStep& step : steps) {
        if (!step.givesUpData())
            continue;
        auto* row = new QWidget;
        auto* line = new QHBoxLayout(row);
        line->setContentsMargins(0, 0, 0, 0);
        auto* label = new QLabel(
            tr("What <b>%1</b> holds is given up. Type its name to confirm:").arg(step.nodeName.toHtmlEscaped()));
        auto* edit = new QLineEdit;
        edit->setPlaceholderText(step.nodeName);
        edit->setAccessibleName(tr("Type %1 to confirm").arg(step.nodeName));
        edit->setObjectName(QStringLiteral("confirm"));
        edit->setMaximumWidth(220);
        connect(edit, &QLineEdit::textChanged, this, &ChangePlanView::updateState);
        connect(edit, &QLineEdit::returnPressed, m_apply, &QPushButton::click);
        line->addWidget(label, 1);
        line->addWidget(edit);
        m_names->addWidget(row);
        m_confirmations.emplace_back(step.nodeName, edit);
    }
    m_apply->setProperty("kind", m_confirmations.empty() ? QStringLiteral("primary") : QStringLiteral("danger"));
    m_apply->style()->unpolish(m_apply);
    m_apply->style()->polish(m_apply);
}

void ChangePlanView::refresh()
{
    if (!m_model->setStates(m_workspace.live().nodes))
        return;
    for (RingView* ring : {m_before, m_after})
        if (ring->map())
            ring->setNodes(nodesOf(*ring->map(), m_workspace.live()));
}

void ChangePlanView::setEpoch(Epoch epoch)
{
    const bool isStale = epoch != 0 && epoch != m_plan.epoch;
    if (isStale == m_isStale)
        return;
    m_isStale = isStale;
    updateState();
}

void ChangePlanView::setBusy(bool isBusy)
{
    m_isBusy = isBusy;
    updateState();
}

void ChangePlanView::setProblem(const QString& text)
{
    m_problem->setText(text);
}

void ChangePlanView::updateState()
{
    const bool isConfirmed = std::ranges::all_of(
        m_confirmations, [](const auto& each) { return each.second->text().trimmed() == each.first; });
    m_notice->setVisible(m_isStale);
    m_apply->setText(m_isBusy ? tr("Applying…") : tr("Apply"));
    m_apply->setEnabled(isConfirmed && !m_isStale && !m_isBusy);
    m_apply->setToolTip(m_isStale      ? tr("The plan is stale: plan again")
                        : !isConfirmed ? tr("Type the name first")
                                       : tr("Begin the change; it can be paused and aborted"));
}

void ChangePlanView::restyle()
{
    QPalette palette = m_problem->palette();
    palette.setColor(QPalette::WindowText, m_workspace.theme().down);
    m_problem->setPalette(palette);
    m_marksNote->setText(
        QStringLiteral("<span style=\"color:%1\">▬</span>&nbsp; <span style=\"color:%2\">%3</span>")
            .arg(m_workspace.theme().accent.name(), m_workspace.theme().mutedText.name(),
                 tr("Partitions of which somebody gets a copy")));
    showRisks();
}

} // namespace quoit
