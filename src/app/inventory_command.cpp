// eunomia inventory: everything that is held, of whom, for what and how long.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/json.h"
#include "wire/api/inventory.h"

namespace eunomia::app {

namespace {

using wire::api::inventory_view;

inventory_view inventory_here(environment& shared) {
  data_directory data(shared);
  return wire::api::view_of(data.custodians().inventory());
}

void show(bool all, environment& shared) {
  const auto view = shared.server.empty() ? inventory_here(shared)
                                          : core::read_json<inventory_view>(remote(shared).get("/api/v1/inventory"));
  if (shared.json) {
    shared.print(core::write_json(view, 2));
    return;
  }
  text_table table({"place", "store", "about", "categories", "purposes", "retention"});
  for (const auto& h : view.holdings) {
    if (all || h.about != "nobody") {
      table.add({h.place, h.store, h.about, fmt::format("{}", fmt::join(h.categories, ", ")),
                 fmt::format("{}", fmt::join(h.purposes, ", ")), h.retention});
    }
  }
  shared.print(table.str());
}

}  // namespace

void add_inventory(CLI::App& eunomia, environment& shared) {
  CLI::App* command =
      eunomia.add_subcommand("inventory", "Everything that is held: of whom, for what, how long, and where");
  auto all = std::make_shared<bool>(false);
  command->add_flag("--all", *all, "Also what is about nobody; --json always has it, with what each is in words");
  command->callback([all, &shared] { shared.action = [all, &shared] { show(*all, shared); }; });
}

}  // namespace eunomia::app
