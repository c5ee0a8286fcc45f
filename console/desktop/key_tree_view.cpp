#include "console/desktop/key_tree_view.h"

#include "console/desktop/drawing.h"

#include <QKeyEvent>
#include <QPainter>
#include <QPainterPath>
#include <QScopedValueRollback>
#include <QStyledItemDelegate>

#include <utility>

namespace quoit {

namespace {

constexpr int indent = 16;
constexpr int openMax = 1000; ///< branches that are remembered as open

/// A branch with the number of keys below it at the right; a key with a dot if it was edited and not saved.
class KeyTreeDelegate : public QStyledItemDelegate
{
public:
    KeyTreeDelegate(Workspace& workspace, QObject* parent)
        : QStyledItemDelegate(parent)
        , m_workspace(workspace)
    {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        QStyleOptionViewItem narrowed = option;
        const Theme& theme = m_workspace.theme();
        const QVariant keys = index.data(KeyTreeModel::CountRole);
        const QString count = keys.isValid() ? wholeText(keys.toDouble()) : QString();
        const QFont small = fontOf(theme, 11);
        const bool isDraft = m_workspace.drafts().contains(index.data(KeyTreeModel::KeyRole).toByteArray());
        const int taken = isDraft ? 20 : count.isEmpty() ? 0 : QFontMetrics(small).horizontalAdvance(count) + 14;
        drawBackground(painter, option, index);
        narrowed.rect.setRight(option.rect.right() - taken);
        if (index.data(KeyTreeModel::IsRestRole).toBool())
            narrowed.palette.setColor(QPalette::Text, theme.mutedText);
        QStyledItemDelegate::paint(painter, narrowed, index);
        if (isDraft) {
            painter->save();
            painter->setRenderHint(QPainter::Antialiasing);
            painter->setPen(Qt::NoPen);
            painter->setBrush(theme.accent);
            painter->drawEllipse(QPointF(option.rect.right() - 10, option.rect.center().y() + 0.5), 4, 4);
            painter->restore();
        } else if (!count.isEmpty()) {
            drawText(*painter, QRectF(option.rect).adjusted(0, 0, -8, 0), Qt::AlignRight | Qt::AlignVCenter, count,
                     small, theme.mutedText);
        }
    }

private:
    /// Also behind the count.
    void drawBackground(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const
    {
        QStyleOptionViewItem empty = option;
        initStyleOption(&empty, index);
        empty.text.clear();
        option.widget->style()->drawControl(QStyle::CE_ItemViewItem, &empty, painter, option.widget);
    }

    Workspace& m_workspace;
};

} // namespace

KeyTreeView::KeyTreeView(Workspace& workspace, QWidget* parent)
    : QTreeView(parent)
    , m_workspace(workspace)
    , m_model(new KeyTreeModel(workspace.browser(), this))
{
    setModel(m_model);
    setItemDelegate(new KeyTreeDelegate(workspace, this));
    setHeaderHidden(true);
    setUniformRowHeights(true);
    setIndentation(indent);
    setAnimated(false);
    setTextElideMode(Qt::ElideMiddle);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setAccessibleName(tr("Keys as a tree"));
    connect(this, &QTreeView::clicked, this, [this](const QModelIndex& index) {
        if (index.data(KeyTreeModel::IsRestRole).toBool())
            m_model->showMore(index);
        else
            choose(index);
    });
    connect(this, &QTreeView::doubleClicked, this, [this](const QModelIndex& index) {
        if (const QVariant key = index.data(KeyTreeModel::KeyRole); key.isValid())
            Q_EMIT keyActivated(key.toByteArray());
    });
    connect(this, &QTreeView::expanded, this, [this](const QModelIndex& index) {
        if (m_open.size() < openMax)
            m_open.insert(index.data(KeyTreeModel::BranchRole).toByteArray());
    });
    connect(this, &QTreeView::collapsed, this,
            [this](const QModelIndex& index) { m_open.remove(index.data(KeyTreeModel::BranchRole).toByteArray()); });
    connect(&workspace.drafts(), &KeyDrafts::changed, viewport(), qOverload<>(&QWidget::update));
    connect(&workspace.browser(), &KeyBrowser::restarted, this, [this] {
        m_model->setKept({});
        // What was asked for is there to be seen.
        const QByteArray& prefix = m_workspace.browser().prefix();
        if (!KeyBrowser::isPattern(prefix))
            for (const QByteArray& branch : m_model->tree().branchesTo(prefix))
                m_open.insert(branch);
    });
}

void KeyTreeView::showKey(const QByteArray& key)
{
    const QScopedValueRollback<bool> following(m_isFollowing, true);
    m_marked = key;
    // It may be loaded later.
    for (const QByteArray& branch : m_model->tree().branchesTo(key))
        if (m_open.size() < openMax)
            m_open.insert(branch);
    const QModelIndex index = m_model->indexOf(key);
    if (!index.isValid())
        return selectionModel()->clear();
    for (QModelIndex above = index.parent(); above.isValid(); above = above.parent())
        expand(above);
    setCurrentIndex(index);
    scrollTo(index);
}

void KeyTreeView::setSeparator(const QByteArray& separator)
{
    if (separator == m_model->tree().separator())
        return;
    const QScopedValueRollback<bool> following(m_isFollowing, true);
    m_open.clear();
    m_model->setKept({});
    m_model->setSeparator(separator);
    for (const QByteArray& branch : m_model->tree().branchesTo(m_marked))
        m_open.insert(branch);
}

/// Qt marks the first row of a view that is come to. Nobody has chosen it: it isn't opened.
void KeyTreeView::focusInEvent(QFocusEvent* event)
{
    const QScopedValueRollback<bool> following(m_isFollowing, true);
    QTreeView::focusInEvent(event);
}

void KeyTreeView::currentChanged(const QModelIndex& now, const QModelIndex& before)
{
    QTreeView::currentChanged(now, before);
    const QVariant key = now.data(KeyTreeModel::KeyRole);
    m_model->setKept((key.isValid() ? key : now.data(KeyTreeModel::BranchRole)).toByteArray());
    if (!m_isFollowing)
        choose(now);
}

void KeyTreeView::choose(const QModelIndex& index)
{
    if (m_isFollowing || !index.isValid())
        return;
    const QVariant key = index.data(KeyTreeModel::KeyRole);
    m_marked = (key.isValid() ? key : index.data(KeyTreeModel::BranchRole)).toByteArray();
    if (key.isValid())
        Q_EMIT keyChosen(key.toByteArray());
}

void KeyTreeView::activate(const QModelIndex& index)
{
    if (const QVariant key = index.data(KeyTreeModel::KeyRole); key.isValid())
        Q_EMIT keyActivated(key.toByteArray());
    else if (index.data(KeyTreeModel::IsRestRole).toBool())
        m_model->showMore(index);
    else
        setExpanded(index, !isExpanded(index));
}

void KeyTreeView::keyPressEvent(QKeyEvent* event)
{
    const bool isEnter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    const bool isMore = event->key() == Qt::Key_Right && currentIndex().data(KeyTreeModel::IsRestRole).toBool();
    if ((isEnter || isMore) && currentIndex().isValid())
        activate(currentIndex());
    else
        QTreeView::keyPressEvent(event);
}

void KeyTreeView::rowsInserted(const QModelIndex& parent, int first, int last)
{
    QTreeView::rowsInserted(parent, first, last);
    // Not from within the model's own work: opening a branch gives it rows.
    if (!std::exchange(m_isReopening, true))
        QMetaObject::invokeMethod(this, &KeyTreeView::reopen, Qt::QueuedConnection);
}

/// What was open or marked before the keys were loaded anew.
void KeyTreeView::reopen()
{
    m_isReopening = false;
    const QScopedValueRollback<bool> following(m_isFollowing, true);
    for (const QByteArray& branch : QSet<QByteArray>(m_open))
        if (const QModelIndex index = m_model->shownIndexOf(branch); index.isValid() && !isExpanded(index))
            expand(index);
    if (currentIndex().isValid() || m_marked.isEmpty())
        return;
    if (const QModelIndex index = m_model->shownIndexOf(m_marked); index.isValid())
        setCurrentIndex(index);
}

/// The view would move on to the next row, which nobody chose.
void KeyTreeView::rowsAboutToBeRemoved(const QModelIndex& parent, int first, int last)
{
    for (QModelIndex each = currentIndex(); each.isValid(); each = each.parent())
        if (each.parent() == parent && each.row() >= first && each.row() <= last) {
            const QScopedValueRollback<bool> following(m_isFollowing, true);
            selectionModel()->clear();
            break;
        }
    QTreeView::rowsAboutToBeRemoved(parent, first, last);
}

void KeyTreeView::drawBranches(QPainter* painter, const QRect& rect, const QModelIndex& index) const
{
    if (!m_model->hasChildren(index))
        return;
    const QPointF middle(rect.right() - indent / 2.0 + 1, rect.center().y() + 0.5);
    QPainterPath arrow(QPointF(-2, -4));
    arrow.lineTo(2, 0);
    arrow.lineTo(-2, 4);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->translate(middle);
    if (isExpanded(index))
        painter->rotate(90);
    painter->strokePath(arrow, QPen(m_workspace.theme().mutedText, 1.6, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter->restore();
}

} // namespace quoit
