#include "console/desktop/undo_bar.h"

#include "console/desktop/drawing.h"
#include "console/desktop/key_list_model.h"

#include <QHBoxLayout>
#include <QPainter>

namespace quoit {

UndoBar::UndoBar(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_text(new QLabel)
    , m_undo(new QPushButton(tr("Undo")))
{
    setObjectName(QStringLiteral("undoBar"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(20, 6, 12, 6);
    auto* close = new QPushButton;
    close->setProperty("kind", QStringLiteral("quiet"));
    close->setAccessibleName(tr("Close"));
    close->setIcon(themedIcon(QStringLiteral("close"), workspace.theme()));
    m_text->setWordWrap(true);
    row->addWidget(m_text, 1);
    row->addWidget(m_undo);
    row->addWidget(close);
    m_hide.setSingleShot(true);
    connect(&m_hide, &QTimer::timeout, this, &QWidget::hide);
    connect(close, &QPushButton::clicked, this, &QWidget::hide);
    connect(m_undo, &QPushButton::clicked, &workspace.keyUndo(), &KeyUndo::undoLast);
    connect(&workspace.keyUndo(), &KeyUndo::pushed, this,
            [this] { say(m_workspace.keyUndo().steps().back().label, true); });
    connect(&workspace.keyUndo(), &KeyUndo::undone, this,
            [this](const QByteArray&, bool, const QString& label) { say(tr("Undone: %1").arg(label), false); });
    connect(&workspace.keyUndo(), &KeyUndo::failed, this, [this](const QString& text) { say(text, false); });
    connect(&workspace.drafts(), &KeyDrafts::dropped, this, [this](const QByteArray& key) {
        say(tr("Too many edits are unsaved: the one of %1 was dropped.").arg(keyText(key)), false);
    });
    connect(&workspace.monitor(), &ClusterMonitor::stateChanged, this, [this] {
        if (m_workspace.monitor().state() == PictureState::Disconnected)
            hide();
    });
    connect(&workspace, &Workspace::themeChanged, this, [this, close] {
        close->setIcon(themedIcon(QStringLiteral("close"), m_workspace.theme()));
    });
    hide();
}

void UndoBar::say(const QString& text, bool canUndo)
{
    m_text->setText(text);
    m_undo->setVisible(canUndo && !m_workspace.isReadOnly());
    show();
    m_hide.start(shownMs);
}

void UndoBar::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), m_workspace.theme().surfaceRaised);
    painter.fillRect(QRect(0, 0, width(), 1), m_workspace.theme().border);
}

} // namespace quoit
