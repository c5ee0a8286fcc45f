#include "console/desktop/tour_card.h"

#include <QHBoxLayout>

namespace quoit {

namespace {

QString countedText(const SampleLoad::Counts& counts)
{
    return TourCard::tr("%1 answered, %2 failed, the slowest took %3")
        .arg(countText(counts.acknowledged), countText(counts.failed),
             counts.longestUs > 0 ? numberText(double(counts.longestUs), Unit::Microseconds) : noDataText());
}

} // namespace

TourCard::TourCard(Workspace& workspace, QWidget* parent)
    : Card(workspace, tr("Try it: what happens when a node dies"), parent)
    , m_tour(workspace.tour())
{
    setObjectName(QStringLiteral("tourCard"));
    setAccessibleName(tr("Guided tour"));
    m_text = new QLabel;
    m_text->setWordWrap(true);
    body()->addWidget(m_text);
    m_figures = new QLabel;
    m_figures->setObjectName(QStringLiteral("tourFigures"));
    m_figures->setWordWrap(true);
    body()->addWidget(m_figures);
    m_progress = new QProgressBar;
    m_progress->setTextVisible(false);
    m_progress->setAccessibleName(tr("Progress of this step"));
    body()->addWidget(m_progress);
    m_trouble = new QLabel;
    m_trouble->setObjectName(QStringLiteral("tourTrouble"));
    m_trouble->setWordWrap(true);
    body()->addWidget(m_trouble);
    auto* row = new QHBoxLayout;
    m_next = new QPushButton;
    m_next->setObjectName(QStringLiteral("tourNext"));
    m_next->setProperty("kind", QStringLiteral("primary"));
    connect(m_next, &QPushButton::clicked, this, &TourCard::goOn);
    m_stop = new QPushButton;
    m_stop->setObjectName(QStringLiteral("tourStop"));
    connect(m_stop, &QPushButton::clicked, this, &TourCard::stopOrLeave);
    row->addWidget(m_next);
    row->addWidget(m_stop);
    row->addStretch(1);
    body()->addLayout(row);
    connect(&m_tour, &Tour::changed, this, &TourCard::refresh);
    connect(&workspace, &Workspace::readOnlyChanged, this, &TourCard::refresh);
    refresh();
}

QString TourCard::settingName() const
{
    const ClusterMapPtr& map = m_workspace.live().map;
    return map ? QStringLiteral("tour/declined/") + QString::fromStdString(map->clusterId()) : QString();
}

bool TourCard::isDeclined() const
{
    return m_workspace.settings().value(settingName(), false).toBool();
}

void TourCard::decline()
{
    if (!settingName().isEmpty())
        m_workspace.settings().setValue(settingName(), true);
    refresh();
}

void TourCard::offer()
{
    if (!settingName().isEmpty())
        m_workspace.settings().setValue(settingName(), false);
    refresh();
    m_next->setFocus();
}

int TourCard::step() const
{
    switch (m_tour.stage()) {
    case Tour::Stage::Idle:
    case Tour::Stage::LoadingKeys:
        return 1;
    case Tour::Stage::KeysLoaded:
        return 2;
    case Tour::Stage::UnderLoad:
        return 3;
    case Tour::Stage::NodeKilled:
    case Tour::Stage::CatchingUp:
        return 4;
    default:
        return stepsCount;
    }
}

/// It takes a while also where little was missed: that is only known when everything has been compared.
QString TourCard::comparedText() const
{
    const auto [same, all] = m_tour.partitionsTheSame();
    return all == 0 ? tr("Then each of its partitions is compared with the other replicas.")
                    : tr("Each of its partitions is compared with the other replicas: %1 of %2 are the same.")
                          .arg(countText(same), countText(all));
}

QString TourCard::sentence() const
{
    const QString& node = m_tour.figures().node;
    switch (m_tour.stage()) {
    case Tour::Stage::Idle:
        return tr("Five steps on this cluster, all of them real: load sample keys, put load on, kill a node, start it again, and see "
                  "that no request failed and nothing was lost. It takes about two minutes and can be stopped at any time.");
    case Tour::Stage::LoadingKeys:
        return tr("Writing the sample keys, sample:00000 and so on: each is acknowledged once a majority of its replicas has it on disk.");
    case Tour::Stage::KeysLoaded:
        return tr("%1 keys are written. Now let this console read and write them, 500 times a second, until the tour ends.")
            .arg(countText(quint64(m_tour.figures().keysLoaded)));
    case Tour::Stage::UnderLoad:
        return tr("Clients read and write. Now kill a node as if its power had gone (kill -9).");
    case Tour::Stage::NodeKilled:
        return tr("%1 was killed. Its clients ask another node, and others are home to its partitions. See that nothing fails, then "
                  "start it again.")
            .arg(node);
    case Tour::Stage::CatchingUp:
        return tr("%1 starts and gets what it has missed, while the load goes on. ").arg(node) + comparedText();
    case Tour::Stage::CaughtUp:
        return tr("%1 holds the same as the other replicas again. Now end the load and read every sample key back.").arg(node);
    case Tour::Stage::Checking:
        return tr("Reading every sample key, and comparing it with what was acknowledged last.");
    case Tour::Stage::Report:
        return report();
    case Tour::Stage::DeletingKeys:
        return tr("Deleting the sample keys.");
    }
    return {};
}

QString TourCard::report() const
{
    const Tour::Figures figures = m_tour.figures();
    QStringList lines;
    if (figures.isStopped)
        lines << tr("The tour was stopped.");
    if (figures.load.acknowledged + figures.load.failed > 0)
        lines << (figures.load.failed == 0 && figures.load.wrong == 0
                      ? tr("No request failed: all %1 were answered, and every read gave what was acknowledged last.")
                            .arg(countText(figures.load.acknowledged))
                      : tr("%1 requests failed and %2 reads were wrong, of %3.")
                            .arg(countText(figures.load.failed), countText(figures.load.wrong),
                                 countText(figures.load.acknowledged + figures.load.failed)));
    if (figures.awayMs > 0)
        lines << tr("%1 was away for %2. The slowest request while it was gone took %3, and while it came back %4.")
                     .arg(figures.node, durationText(figures.awayMs),
                          numberText(double(figures.sinceKill.longestUs), Unit::Microseconds),
                          numberText(double(figures.sinceStart.longestUs), Unit::Microseconds));
    if (figures.catchUpMs > 0)
        lines << tr("%1 after its start it was known to hold the same as the others.").arg(durationText(figures.catchUpMs));
    if (figures.keysChecked > 0)
        lines << (figures.keysWrong + figures.keysUnread == 0
                      ? tr("All %1 sample keys were read back and are as they should be.").arg(countText(quint64(figures.keysChecked)))
                      : tr("Of %1 sample keys, %2 weren't as they should be and %3 couldn't be read.")
                            .arg(figures.keysChecked)
                            .arg(figures.keysWrong)
                            .arg(figures.keysUnread));
    lines << tr("The sample keys can be deleted now, or stay.");
    return lines.join(QLatin1Char('\n'));
}

QString TourCard::nextText() const
{
    switch (m_tour.stage()) {
    case Tour::Stage::Idle:
    case Tour::Stage::LoadingKeys:
        return tr("Load sample keys");
    case Tour::Stage::KeysLoaded:
        return tr("Put load on");
    case Tour::Stage::UnderLoad:
        return tr("Kill a node");
    case Tour::Stage::NodeKilled:
    case Tour::Stage::CatchingUp:
        return tr("Start %1 again").arg(m_tour.figures().node);
    case Tour::Stage::CaughtUp:
    case Tour::Stage::Checking:
        return tr("End the load");
    case Tour::Stage::Report:
    case Tour::Stage::DeletingKeys:
        return tr("Delete the sample keys");
    }
    return {};
}

QString TourCard::whyNot() const
{
    return m_workspace.isReadOnly() ? tr("This cluster is set to read only.")
                                    : Tour::whyNot(m_workspace.local(), m_workspace.live());
}

bool TourCard::canGoOn() const
{
    switch (m_tour.stage()) {
    case Tour::Stage::Idle:
        return whyNot().isEmpty();
    case Tour::Stage::KeysLoaded:
    case Tour::Stage::UnderLoad:
    case Tour::Stage::CaughtUp:
        return true;
    case Tour::Stage::NodeKilled:
        return m_tour.canStartNode();
    case Tour::Stage::Report:
        return !m_workspace.isReadOnly();
    default:
        return false;
    }
}

void TourCard::goOn()
{
    switch (m_tour.stage()) {
    case Tour::Stage::Idle:
        if (m_workspace.local() && canGoOn())
            m_tour.begin(*m_workspace.local(), m_workspace.live());
        break;
    case Tour::Stage::KeysLoaded:
        return m_tour.startLoad();
    case Tour::Stage::UnderLoad:
        return m_tour.killNode(m_workspace.live(), m_workspace.monitor().address());
    case Tour::Stage::NodeKilled:
        return m_tour.startNode();
    case Tour::Stage::CaughtUp:
        return m_tour.finish();
    case Tour::Stage::Report:
        decline(); // it is done
        return m_tour.deleteKeys();
    default:
        break;
    }
}

void TourCard::stopOrLeave()
{
    if (m_tour.stage() == Tour::Stage::Idle)
        return decline();
    if (m_tour.stage() != Tour::Stage::Report)
        return m_tour.stop();
    decline();
    m_tour.leave();
}

void TourCard::showTrouble(const QString& text)
{
    QPalette palette = m_trouble->palette();
    palette.setColor(QPalette::WindowText, m_workspace.theme().down);
    m_trouble->setPalette(palette);
    m_trouble->setText(text);
    m_trouble->setVisible(!text.isEmpty());
}

void TourCard::showFigures()
{
    const Tour::Figures figures = m_tour.figures();
    const bool hasLoad = m_tour.stage() >= Tour::Stage::UnderLoad && m_tour.stage() < Tour::Stage::Checking;
    QStringList lines;
    if (hasLoad)
        lines << tr("Requests: %1.").arg(countedText(figures.load));
    if (hasLoad && !figures.node.isEmpty())
        lines << (m_tour.stage() > Tour::Stage::NodeKilled ? tr("While it was gone: %1.") : tr("Since the kill: %1."))
                     .arg(countedText(figures.sinceKill));
    if (hasLoad && m_tour.stage() > Tour::Stage::NodeKilled)
        lines << tr("Since its start: %1.").arg(countedText(figures.sinceStart));
    if (hasLoad && m_tour.isLoadOver())
        lines << tr("The load has ended by itself after its longest time.");
    m_figures->setText(lines.join(QLatin1Char('\n')));
    m_figures->setVisible(!lines.isEmpty());
    m_figures->setFont(m_workspace.theme().strong);
}

void TourCard::refresh()
{
    const Tour::Stage stage = m_tour.stage();
    const bool isIdle = stage == Tour::Stage::Idle;
    const bool isOffered = Tour::isFor(m_workspace.local(), m_workspace.live()) && !isDeclined();
    const bool isSeen = (!isIdle || isOffered) && m_workspace.isLive(); // it acts on the cluster
    setVisible(isSeen);
    if (!isSeen)
        return;
    setNote(tr("Step %1 of %2").arg(step()).arg(stepsCount));
    m_text->setText(sentence());
    showFigures();
    const bool isUnderWay = stage == Tour::Stage::LoadingKeys || stage == Tour::Stage::CatchingUp ||
                            stage == Tour::Stage::Checking || stage == Tour::Stage::DeletingKeys;
    m_progress->setVisible(isUnderWay);
    m_progress->setRange(0, 1000);
    m_progress->setValue(int(1000 * m_tour.progress()));
    const SampleLoad::Counts load = m_tour.figures().load;
    showTrouble(isIdle                           ? whyNot()
                : !m_tour.trouble().isEmpty()    ? m_tour.trouble()
                : load.failed > 0                ? tr("The first that failed: %1.").arg(QString::fromStdString(load.problem))
                                                 : QString());
    m_next->setText(nextText());
    m_next->setEnabled(canGoOn());
    m_stop->setText(isIdle ? tr("Not now") : stage == Tour::Stage::Report ? tr("Keep them") : tr("Stop the tour"));
}

} // namespace quoit
