#include "console/desktop/screenshots.h"

#include <QDir>

namespace quoit {

namespace {

constexpr int pollMs = 250;
constexpr int pollsMax = 4 * 90;
constexpr int lifeMs = 12'000; // of reports, so that charts have something to show
constexpr int settleMs = 700;  // for answers and fades

} // namespace

Screenshots::Screenshots(Workspace& workspace, MainWindow& window, const QString& folder, QObject* parent)
    : QObject(parent)
    , m_workspace(workspace)
    , m_window(window)
    , m_folder(folder)
{
    connect(&m_poll, &QTimer::timeout, this, &Screenshots::waitForLife);
}

void Screenshots::start(std::function<bool()> connect)
{
    m_connect = std::move(connect);
    if (!QDir().mkpath(m_folder)) {
        QTimer::singleShot(0, this, [this] { Q_EMIT finished(tr("%1 can't be made.").arg(m_folder)); });
        return;
    }
    m_workspace.setThemeChoice(ThemeChoice::Light);
    QTimer::singleShot(settleMs, this, [this] { takeStart(ThemeChoice::Light); });
}

void Screenshots::takeStart(ThemeChoice choice)
{
    const bool isLight = choice == ThemeChoice::Light;
    m_window.setFocus(); // no blinking cursor
    if (!take(isLight ? QStringLiteral("start-light") : QStringLiteral("start-dark"))) {
        Q_EMIT finished(tr("No picture can be written to %1.").arg(m_folder));
        return;
    }
    if (isLight) {
        m_workspace.setThemeChoice(ThemeChoice::Dark);
        QTimer::singleShot(settleMs, this, [this] { takeStart(ThemeChoice::Dark); });
        return;
    }
    if (m_connect())
        m_poll.start(pollMs);
    else
        Q_EMIT finished(tr("The address isn't one: HOST:PORT is wanted."));
}

void Screenshots::waitForLife()
{
    const History& history = m_workspace.history();
    if (++m_polls > pollsMax) {
        m_poll.stop();
        LocalCluster* local = m_workspace.local();
        Q_EMIT finished(local && !local->problem().isEmpty() ? local->problem()
                                                             : tr("There was no cluster to be seen."));
        return;
    }
    if (!m_workspace.live().map || history.lastMs() - history.firstMs() < lifeMs)
        return;
    m_poll.stop();
    prepare();
}

/// Opens a key, if there is one, so that the pages for keys show what they are for.
void Screenshots::prepare()
{
    m_window.showPage(m_window.indexOf(m_window.keysPage()));
    QTimer::singleShot(settleMs, this, [this] {
        const auto& keys = m_workspace.browser().keys();
        if (!keys.isEmpty()) {
            const QString key = QString::fromUtf8(keys.first());
            m_window.keysPage()->openKey(key);
            m_window.ringPage()->pinKey(key);
        }
        // A plan changes nothing, and shows what the page is for.
        if (const auto& nodes = m_workspace.live().nodes; !nodes.empty()) {
            StagedStep weight;
            weight.kind = ChangeStep::Kind::Weight;
            weight.node = nodes.front().id;
            weight.nodeName = QString::fromStdString(nodes.front().name);
            weight.weight = 2;
            m_window.changesPage()->stage()->addStep(weight);
            m_window.changesPage()->plan();
        }
        m_window.showPage(m_window.indexOf(m_window.terminalPage()));
        QTimer::singleShot(settleMs, this, [this] {
            m_window.terminalPage()->run(QStringLiteral("QUOIT.STATUS"));
            QTimer::singleShot(settleMs, this, &Screenshots::takeAll); // painting would hold up the reply, and its time is shown
        });
    });
}

void Screenshots::takeAll()
{
    const int pages = m_window.pageCount();
    if (m_step > 0) {
        const int before = m_step - 1;
        const QString theme = before < pages ? QStringLiteral("light") : QStringLiteral("dark");
        const QString title = m_window.page(before % pages)->title().toLower();
        if (!take(title + QLatin1Char('-') + theme)) {
            Q_EMIT finished(tr("No picture can be written to %1.").arg(m_folder));
            return;
        }
    }
    if (m_step == 2 * pages) {
        Q_EMIT finished({});
        return;
    }
    m_workspace.setThemeChoice(m_step < pages ? ThemeChoice::Light : ThemeChoice::Dark);
    m_window.showPage(m_step % pages);
    const bool isNodes = m_step % pages == 2;
    m_workspace.selectNode(isNodes && !m_workspace.live().nodes.empty() ? m_workspace.live().nodes.front().id
                                                                            : noNode);
    m_window.setFocus(); // no blinking cursor
    ++m_step;
    QTimer::singleShot(settleMs, this, &Screenshots::takeAll);
}

bool Screenshots::take(const QString& name)
{
    return m_window.grab().save(QDir(m_folder).filePath(name + QStringLiteral(".png")));
}

} // namespace quoit
