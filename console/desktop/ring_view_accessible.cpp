#include "console/desktop/ring_view_accessible.h"

#include "console/desktop/ring_view.h"

#include <QAccessible>
#include <QAccessibleWidget>
#include <QPointer>

#include <map>

namespace quoit {

namespace {

/// One node. Its interface lives as long as the ring's.
class AccessibleNode : public QAccessibleInterface
{
public:
    AccessibleNode(RingView* view, NodeId node)
        : m_view(view)
        , m_node(node)
    {}

    NodeId node() const { return m_node; }
    bool isValid() const override { return m_view; }
    QObject* object() const override { return nullptr; }
    QAccessibleInterface* parent() const override
    {
        return m_view ? QAccessible::queryAccessibleInterface(m_view.data()) : nullptr;
    }
    QAccessibleInterface* child(int) const override { return nullptr; }
    QAccessibleInterface* childAt(int, int) const override { return nullptr; }
    int childCount() const override { return 0; }
    int indexOfChild(const QAccessibleInterface*) const override { return -1; }
    QAccessible::Role role() const override { return QAccessible::ListItem; }
    void setText(QAccessible::Text, const QString&) override {}
    QRect rect() const override
    {
        if (!m_view)
            return {};
        const QRect box = m_view->nodeRect(m_node);
        return box.isEmpty() ? QRect() : QRect(m_view->mapToGlobal(box.topLeft()), box.size());
    }
    QString text(QAccessible::Text kind) const override
    {
        if (!m_view)
            return {};
        if (kind == QAccessible::Name)
            return m_view->nodeName(m_node);
        if (kind == QAccessible::Description || kind == QAccessible::Value)
            return m_view->nodeDescription(m_node);
        return {};
    }
    QAccessible::State state() const override
    {
        QAccessible::State state;
        state.selectable = true;
        state.selected = m_view && m_view->selectedNode() == m_node;
        state.invisible = !m_view || !m_view->isVisible();
        return state;
    }

private:
    QPointer<RingView> m_view;
    NodeId m_node;
};

class AccessibleRing : public QAccessibleWidget
{
public:
    explicit AccessibleRing(RingView* view)
        : QAccessibleWidget(view, QAccessible::List)
        , m_view(view)
    {}
    ~AccessibleRing() override
    {
        for (const auto& [node, id] : m_items)
            QAccessible::deleteAccessibleInterface(id);
    }

    int childCount() const override { return m_view && m_view->map() ? int(m_view->map()->members().size()) : 0; }
    QAccessibleInterface* child(int index) const override
    {
        if (index < 0 || index >= childCount())
            return nullptr;
        const NodeId node = m_view->map()->members()[std::size_t(index)].id;
        const auto known = m_items.find(node);
        if (known != m_items.end())
            return QAccessible::accessibleInterface(known->second);
        auto* item = new AccessibleNode(m_view, node); // Qt's registry owns it from here on
        m_items[node] = QAccessible::registerAccessibleInterface(item);
        return item;
    }
    int indexOfChild(const QAccessibleInterface* wanted) const override
    {
        for (int i = 0; i < childCount(); ++i) {
            if (child(i) == wanted)
                return i;
        }
        return -1;
    }
    QAccessibleInterface* childAt(int x, int y) const override
    {
        for (int i = 0; i < childCount(); ++i) {
            QAccessibleInterface* item = child(i);
            if (item->rect().contains(x, y))
                return item;
        }
        return nullptr;
    }

private:
    QPointer<RingView> m_view;
    mutable std::map<NodeId, QAccessible::Id> m_items; ///< made when asked for
};

QAccessibleInterface* makeAccessible(const QString& className, QObject* object)
{
    if (className != QLatin1String("quoit::RingView"))
        return nullptr;
    auto* view = qobject_cast<RingView*>(object);
    return view ? new AccessibleRing(view) : nullptr;
}

} // namespace

void installRingAccessibility()
{
    QAccessible::installFactory(makeAccessible); // Qt keeps each function once
}

} // namespace quoit
