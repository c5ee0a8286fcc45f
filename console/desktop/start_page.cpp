#include "console/desktop/start_page.h"

#include <QHBoxLayout>

namespace quoit {

namespace {

constexpr int cardWidth = 380;
constexpr int usualNodes = 5;

} // namespace

Spinner::Spinner(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    constexpr int turnMs = 60;
    constexpr int turnDegrees = 24;
    setFixedSize(18, 18);
    setAccessibleName(tr("Busy"));
    connect(&m_timer, &QTimer::timeout, this, [this] {
        m_angle = (m_angle + turnDegrees) % 360;
        if (isVisible())
            update();
    });
    if (!workspace.isMotionReduced())
        m_timer.start(turnMs);
}

void Spinner::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF circle(2, 2, width() - 4, height() - 4);
    painter.setPen(QPen(m_workspace.theme().border, 2.5));
    painter.drawEllipse(circle);
    painter.setPen(QPen(m_workspace.theme().accent, 2.5, Qt::SolidLine, Qt::RoundCap));
    painter.drawArc(circle, -m_angle * 16, 100 * 16);
}

StartPage::StartPage(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    auto* column = new QVBoxLayout(this);
    column->addStretch(2);
    column->addSpacing(120); // the mark and the words that paintEvent() puts above the cards
    auto* row = new QHBoxLayout;
    row->setSpacing(16);
    row->addStretch(1);
    row->addWidget(makeLocal(), 10);
    row->addWidget(makeRemote(), 10);
    row->addStretch(1);
    column->addLayout(row);
    column->addStretch(3);
    connect(&workspace, &Workspace::localChanged, this, &StartPage::refresh);
    connect(&workspace, &Workspace::themeChanged, this, &StartPage::restyle);
    restyle();
    refresh();
    m_start->setFocus();
}

QWidget* StartPage::makeLocal()
{
    auto* card = new Card(m_workspace, tr("A cluster on this machine"));
    card->setMaximumWidth(cardWidth);
    card->setMinimumHeight(200);
    m_localText = new QLabel;
    m_localText->setWordWrap(true);
    card->body()->addWidget(m_localText);
    card->body()->addStretch(1);
    auto* row = new QHBoxLayout;
    auto* label = new QLabel(tr("&Nodes"));
    m_count = new QSpinBox;
    m_count->setRange(1, LocalCluster::nodesMax);
    m_count->setValue(usualNodes);
    m_count->setAccessibleName(tr("Number of nodes"));
    label->setBuddy(m_count);
    row->addWidget(label);
    row->addWidget(m_count);
    row->addStretch(1);
    m_start = new QPushButton;
    m_start->setProperty("kind", QStringLiteral("primary"));
    connect(m_start, &QPushButton::clicked, this, [this] { m_workspace.startLocal(m_count->value()); });
    row->addWidget(m_start);
    card->body()->addLayout(row);
    m_localProgress = new QLabel;
    m_localProgress->setWordWrap(true);
    m_localProgress->hide();
    card->body()->addWidget(m_localProgress);
    return card;
}

QWidget* StartPage::makeRemote()
{
    auto* card = new Card(m_workspace, tr("Connect to a cluster"));
    card->setMaximumWidth(cardWidth);
    card->setMinimumHeight(200);
    auto* hint = new QLabel(tr("Any of its nodes will do; the others are found by themselves."));
    hint->setWordWrap(true);
    card->body()->addWidget(hint);
    auto* row = new QHBoxLayout;
    m_address = new QLineEdit;
    m_address->setPlaceholderText(QStringLiteral("127.0.0.1:7400"));
    m_address->setAccessibleName(tr("Address of a node"));
    m_address->setObjectName(QStringLiteral("address"));
    m_connect = new QPushButton(tr("Connect"));
    connect(m_connect, &QPushButton::clicked, this, [this] { connectNow(m_address->text()); });
    connect(m_address, &QLineEdit::returnPressed, m_connect, &QPushButton::click);
    row->addWidget(m_address, 1);
    row->addWidget(m_connect);
    card->body()->addLayout(row);
    m_remoteProblem = new QLabel;
    m_remoteProblem->setWordWrap(true);
    m_remoteProblem->hide();
    card->body()->addWidget(m_remoteProblem);
    auto* attempt = new QHBoxLayout;
    m_spinner = new Spinner(m_workspace);
    m_attempt = new QLabel;
    m_attempt->setObjectName(QStringLiteral("attempt"));
    m_attempt->setWordWrap(true);
    m_cancel = new QPushButton(tr("Cancel"));
    m_cancel->setObjectName(QStringLiteral("cancelConnecting"));
    connect(m_cancel, &QPushButton::clicked, this, [this] { m_workspace.disconnectFromCluster(); });
    attempt->addWidget(m_spinner);
    attempt->addWidget(m_attempt, 1);
    attempt->addWidget(m_cancel);
    card->body()->addLayout(attempt);
    m_recent = new QVBoxLayout;
    m_recent->setSpacing(2);
    card->body()->addLayout(m_recent);
    card->body()->addStretch(1);
    return card;
}

void StartPage::connectNow(const QString& addresses)
{
    const QString text = addresses.isEmpty() ? m_address->placeholderText() : addresses;
    m_address->setText(addresses); // to be mended if it was wrong
    const bool isUnderstood = m_workspace.connectTo(text);
    m_remoteProblem->setText(tr("Say host:port, for example 127.0.0.1:7400."));
    m_remoteProblem->setVisible(!isUnderstood);
}

void StartPage::showAttempt()
{
    const ClusterMonitor& monitor = m_workspace.monitor();
    const LocalCluster* local = m_workspace.local();
    const bool isLocal = local && local->state() == LocalCluster::State::Serving && monitor.seeds() == local->addresses();
    const bool isTrying = monitor.state() == PictureState::Connecting && !isLocal;
    m_spinner->setVisible(isTrying);
    m_attempt->setVisible(isTrying);
    m_cancel->setVisible(isTrying);
    if (!isTrying)
        return;
    const QString& trouble = monitor.trouble();
    m_attempt->setText(trouble.isEmpty() ? tr("Connecting to %1…").arg(monitor.seeds().join(QStringLiteral(", ")))
                                         : tr("%1. Still trying.").arg(trouble));
    QPalette palette = m_attempt->palette();
    palette.setColor(QPalette::WindowText, trouble.isEmpty() ? m_workspace.theme().mutedText : m_workspace.theme().down);
    m_attempt->setPalette(palette);
}

void StartPage::showRecent()
{
    if (m_shownRecent == m_workspace.recentConnections() && !m_isRestyled)
        return; // the page is refreshed with every attempt
    m_shownRecent = m_workspace.recentConnections();
    m_isRestyled = false;
    while (QLayoutItem* item = m_recent->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    for (const QString& addresses : m_workspace.recentConnections().mid(0, 3)) {
        auto* button = new QPushButton(addresses);
        button->setProperty("kind", QStringLiteral("quiet"));
        button->setStyleSheet(QStringLiteral("text-align: left; padding-left: 9px;"));
        button->setIcon(themedIcon(QStringLiteral("clock"), m_workspace.theme()));
        connect(button, &QPushButton::clicked, this, [this, addresses] { connectNow(addresses); });
        m_recent->addWidget(button);
    }
}

void StartPage::refresh()
{
    const int existing = LocalCluster::nodeCountIn(m_workspace.localFolder());
    const int running = existing > 0 ? LocalCluster::runningCountIn(m_workspace.localFolder()) : 0;
    m_localText->setText(
        running > 0    ? tr("There is one of %1 nodes, and %2 of them run. They are taken over, and the others started.")
                             .arg(existing)
                             .arg(running)
        : existing > 0 ? tr("There is one of %1 nodes, with its data. It is started as it was left.").arg(existing)
                     : tr("Real nodes, as processes with their own data folders. Load data, kill a node, and "
                          "see that nothing is lost."));
    m_start->setText(existing > 0 ? tr("Start %1 nodes").arg(existing) : tr("New cluster"));
    m_count->setEnabled(existing == 0);
    if (existing > 0)
        m_count->setValue(existing);
    const LocalCluster* local = m_workspace.local();
    const bool isBusy =
        local && (local->state() == LocalCluster::State::Starting || local->state() == LocalCluster::State::Forming);
    m_start->setEnabled(!isBusy);
    QPalette palette = m_localProgress->palette();
    const bool hasFailed = local && local->state() == LocalCluster::State::Failed;
    palette.setColor(QPalette::WindowText, hasFailed ? m_workspace.theme().down : m_workspace.theme().mutedText);
    m_localProgress->setPalette(palette);
    m_localProgress->setText(!local ? QString() : hasFailed ? local->problem() : local->progress());
    m_localProgress->setVisible(!m_localProgress->text().isEmpty());
    showRecent();
    showAttempt();
}

void StartPage::restyle()
{
    QPalette palette = m_remoteProblem->palette();
    palette.setColor(QPalette::WindowText, m_workspace.theme().down);
    m_remoteProblem->setPalette(palette);
    m_isRestyled = true;
    refresh();
}

void StartPage::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = m_workspace.theme();
    const double top = m_start->parentWidget()->y() - 128;
    painter.drawPixmap(QPointF(width() / 2.0 - 28, top),
                       iconPixmap(QStringLiteral("quoit"), theme.text, 56, devicePixelRatioF()));
    drawText(painter, QRectF(0, top + 62, width(), 30), Qt::AlignCenter, tr("A ring that keeps what you give it"),
             fontOf(theme, 20, QFont::DemiBold), theme.text);
}

} // namespace quoit
