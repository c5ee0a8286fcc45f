# The console's own widgets, painters and figures; included by console/desktop/CMakeLists.txt.
set(QUOIT_DESKTOP_WIDGET_SOURCES)
foreach(unit number_text ring_geometry ring_view ring_view_accessible ring_view_bands ring_view_marks ring_view_overlay ring_view_scene
        sparkline theme)
    list(APPEND QUOIT_DESKTOP_WIDGET_SOURCES
        ${CMAKE_CURRENT_LIST_DIR}/${unit}.cpp ${CMAKE_CURRENT_LIST_DIR}/${unit}.h)
endforeach()
list(APPEND QUOIT_DESKTOP_WIDGET_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/ring_view_center.cpp
    ${CMAKE_CURRENT_LIST_DIR}/ring_view_legend.cpp
    ${CMAKE_CURRENT_LIST_DIR}/theme_style_sheet.cpp)
