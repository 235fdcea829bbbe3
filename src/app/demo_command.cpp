// eunomia demo: the main job on a small shop that it generates, each step the command that anybody would type.

#include <fmt/format.h>

#include <stdlib.h>

#include "app/commands.h"
#include "app/demo_shop.h"
#include "app/run.h"
#include "core/error.h"

namespace eunomia::app {

namespace {

std::filesystem::path new_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "eunomia-demo-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw core::error(core::errc::unavailable,
                      "cannot create a folder like " + name + "; set TMPDIR to a folder that is writable");
  }
  return name;
}

// Shows the command as it would be typed, and runs it.
void step(environment& shared, std::string_view why, const std::vector<std::string>& arguments) {
  std::string line = "eunomia";
  for (const std::string& argument : arguments) {
    line += " " + argument;
  }
  shared.print(fmt::format("\n# {}\n$ {}\n\n", why, line));
  std::vector<std::string> all = arguments;
  all.insert(all.end(), {"--quiet"});
  const exit_code ended = run(all);
  if (ended != exit_code::success) {
    throw core::error(core::errc::internal,
                      fmt::format("the demo stopped: {} ended with {}", line, static_cast<int>(ended)));
  }
}

void demo(const std::filesystem::path& files, environment& shared) {
  if (!files.empty()) {
    std::filesystem::create_directories(files);
    write_demo_shop(files);
    shared.print(fmt::format("A small shop of 2,000 people and 240 items is in {}\n", files.string()));
    return;
  }
  const std::filesystem::path folder = new_folder();
  const demo_shop shop = write_demo_shop(folder);
  const std::string data = (folder / "data").string();
  const auto in_data = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "recommend");
    arguments.insert(arguments.end(), {"--data", data});
    return arguments;
  };
  shared.print(fmt::format("A small shop of 2,000 people and 240 items is in {}\n", folder.string()));
  step(shared, "Interactions, items and users in",
       in_data({"import", "--dataset", "demo", "--interactions", shop.interactions.string(), "--items",
                shop.items.string(), "--users", shop.users.string(), "--declare", "items.DEPARTMENT:category",
                "--declare", "items.PRICE:number", "--declare", "users.COUNTRY:category"}));
  step(shared, "Try every recommender on held-out people, keep the best", in_data({"fit", "--dataset", "demo"}));
  step(shared, "What to show customer-0007, and why",
       in_data({"recommend", "--name", "demo", "--user", "customer-0007", "--count", "5", "--explain", "2"}));
  step(shared, "The same, but only garden things below 15",
       in_data({"recommend", "--name", "demo", "--user", "customer-0007", "--count", "5", "--where",
                "DEPARTMENT=garden", "--where", "PRICE<15"}));
  step(shared, "A visitor without an account, who looked at two things",
       in_data({"recommend", "--name", "demo", "--history", "red-teapot,small-mug", "--count", "5"}));
  step(shared, "customer-0007 asks to be forgotten", in_data({"forget", "--user", "customer-0007"}));
  step(shared, "Does a model that forgot equal one that never saw? 100 people, one after another",
       {"recommend", "verify-forgetting", "--train", shop.interactions.string(), "--fold-in", shop.fold_in.string(),
        "--model", "ease", "--erasures", "100"});
  shared.print(fmt::format("\nThe shop stays in {} to try things on; remove the folder when done.\n", folder.string()));
}

}  // namespace

void add_demo(CLI::App& eunomia, environment& shared) {
  auto files = std::make_shared<std::filesystem::path>();
  CLI::App* command = eunomia.add_subcommand("demo", "Generate a small shop and show the main job on it");
  command->add_option("--files", *files, "Only write the shop's files into this folder");
  command->callback([files, &shared] { shared.action = [files, &shared] { demo(*files, shared); }; });
}

}  // namespace eunomia::app
