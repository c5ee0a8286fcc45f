#include "console/desktop/start_page.h"

#include <QHBoxLayout>

namespace quoit {

namespace {

constexpr int cardWidth = 380;
constexpr int usualNodes = 5;

} // namespace

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
    m_recent = new QVBoxLayout;
    m_recent->setSpacing(2);
    card->body()->addLayout(m_recent);
    card->body()->addStretch(1);
    return card;
}

void StartPage::connectNow(const QString& addresses)
{
    const QString text = addresses.isEmpty() ? m_address->placeholderText() : addresses;
    const bool isUnderstood = m_workspace.connectTo(text);
    m_remoteProblem->setText(tr("Say host:port, for example 127.0.0.1:7400."));
    m_remoteProblem->setVisible(!isUnderstood);
}

void StartPage::showRecent()
{
    while (QLayoutItem* item = m_recent->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    for (const QString& addresses : m_workspace.recentConnections().mid(0, 3)) {
        auto* button = new QPushButton(addresses);
        button->setProperty("kind", QStringLiteral("quiet"));
        button->setStyleSheet(QStringLiteral("text-align: left;"));
        button->setIcon(themedIcon(QStringLiteral("clock"), m_workspace.theme()));
        connect(button, &QPushButton::clicked, this, [this, addresses] { connectNow(addresses); });
        m_recent->addWidget(button);
    }
}

void StartPage::refresh()
{
    const int existing = LocalCluster::nodeCountIn(m_workspace.localFolder());
    m_localText->setText(
        existing > 0 ? tr("There is one of %1 nodes, with its data. It is started as it was left.").arg(existing)
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
}

void StartPage::restyle()
{
    QPalette palette = m_remoteProblem->palette();
    palette.setColor(QPalette::WindowText, m_workspace.theme().down);
    m_remoteProblem->setPalette(palette);
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
