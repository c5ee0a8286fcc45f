#include "console/desktop/past_panel.h"

#include "console/desktop/alert_text.h"

#include <QDateTime>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QPushButton>

#include <algorithm>
#include <cmath>

namespace quoit {

namespace {

constexpr int heightMax = 240;
constexpr std::array shownMetrics = {Metric::OperationsPerSecond, Metric::P99Us, Metric::HitRatio, Metric::MemoryBytes,
                                     Metric::DiskBytes};

/// Of a time that isn't known by the second: from the smallest to the largest of the step.
QString bandText(const ValueBand& band, Unit unit)
{
    const QString high = numberText(band.high, unit);
    const QString low = numberText(band.low, unit);
    return low == high ? high : low + QStringLiteral(" – ") + high;
}

} // namespace

PastPanel::PastPanel(Workspace& workspace, QWidget* parent)
    : Card(workspace, {}, parent)
    , m_table(new QTableWidget)
    , m_alerts(new QLabel)
{
    setMaximumHeight(heightMax);
    QStringList titles{tr("Node"), tr("Figures")};
    for (const Metric metric : shownMetrics)
        titles << metricTitle(metric);
    m_table->setColumnCount(int(titles.size()));
    m_table->setHorizontalHeaderLabels(titles);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setShowGrid(false);
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->setAccessibleName(tr("Nodes at that time"));
    body()->addWidget(m_table, 1);
    auto* foot = new QHBoxLayout;
    m_alerts->setWordWrap(true);
    auto* back = new QPushButton(tr("Back to now"));
    back->setObjectName(QStringLiteral("backToNow"));
    connect(back, &QPushButton::clicked, this, &PastPanel::liveWanted);
    foot->addWidget(m_alerts, 1);
    foot->addWidget(back);
    body()->addLayout(foot);
}

void PastPanel::setCell(int row, int column, const QString& text)
{
    if (!m_table->item(row, column))
        m_table->setItem(row, column, new QTableWidgetItem);
    m_table->item(row, column)->setText(text);
}

void PastPanel::show(qint64 ms)
{
    const History& history = m_workspace.history();
    setTitle(tr("As of %1").arg(QDateTime::fromMSecsSinceEpoch(ms).toString(QStringLiteral("d MMM yyyy, HH:mm:ss"))));
    const auto& nodes = m_workspace.namedNodes();
    m_table->setRowCount(int(nodes.size()));
    const QSignalBlocker quiet(m_table->model()); // a cell at a time is slow; the table is painted once, at the end
    for (int row = 0; row < int(nodes.size()); ++row) {
        const NodeReport& node = nodes[std::size_t(row)];
        bool hasTold = false;
        for (int i = 0; i < int(shownMetrics.size()); ++i) {
            const ValueBand band = history.bandAt(node.id, shownMetrics[std::size_t(i)], ms);
            hasTold = hasTold || !std::isnan(band.high);
            setCell(row, 2 + i, bandText(band, unitOf(shownMetrics[std::size_t(i)])));
        }
        setCell(row, 0, QString::fromStdString(node.name));
        // What isn't kept isn't guessed: it may have been down, or nobody listened.
        setCell(row, 1, hasTold ? tr("told") : tr("not told"));
    }
    m_table->viewport()->update();
    m_alerts->setText(alertsAt(ms));
    QWidget::show();
}

QString PastPanel::alertsAt(qint64 ms) const
{
    QStringList texts;
    const auto take = [&](const std::vector<Alert>& alerts) {
        for (const Alert& alert : alerts)
            if (alert.beganMs <= ms && (alert.isActive() || alert.endedMs >= ms))
                texts << alertText(alert);
    };
    take(m_workspace.alerts().active());
    take(m_workspace.alerts().ended());
    return texts.isEmpty() ? tr("No alert that is kept went on then.")
                           : tr("Alerts then: %1").arg(texts.join(QStringLiteral("; ")));
}

} // namespace quoit
