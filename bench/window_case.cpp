#include "bench/window_case.h"

namespace convscope {

Document grid_document(int64_t side) {
    Document document = standard_document();
    document = with_param(std::move(document), 0, "stride", Pair{1, 1});
    return with_input(std::move(document),
                      generated_input("integers 0–9", 1, Shape{1, 1, side, side}));
}

void open_case(App& app, const std::string& view) {
    wait_until_settled(app);  // a result opens on the view that suits it
    choose_view(app, view);
    wait_until_settled(app);
    go_to_step(app, app.timeline.steps() / 2);
    update(app, 1);
}

}  // namespace convscope
