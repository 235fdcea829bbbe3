// eunomia recommend forget: "subjects erase" by the name that it has among the commands of recommendations.

#include "app/commands.h"
#include "app/erasing.h"

namespace eunomia::app {

void add_forget(CLI::App& recommend, environment& shared) {
  auto flags = std::make_shared<erase_flags>();
  CLI::App* command = recommend.add_subcommand(
      "forget", "Erase people: from every model, every dataset and the directory of identifiers; as subjects erase");
  add_erase_flags(*command, flags);
  command->callback([flags, &shared] { shared.action = [flags, &shared] { erase(*flags, shared); }; });
}

}  // namespace eunomia::app
