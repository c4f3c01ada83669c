import pytest

from waypost import BuildError, MethodNotAllowed, NotFound, Pattern, RouteError, Router


def handler(name):
    def handle():
        return name

    return handle


@pytest.fixture
def router():
    router = Router()
    router.add("/", handler("home"), name="home")
    router.add("/users/<name>", handler("user"), name="user")
    router.add("/users/new", handler("new"), methods=["get", "post"])
    router.add("/posts/<int:id>/<slug:title>", handler("post"), name="post")
    router.add("/files/<path:where>", handler("file"), name="file")
    router.add("/files/<path:where>", handler("upload"), methods=["PUT"])
    return router


def found(router, target, method="GET"):
    match = router.match(method, target)
    return match.handler(), match.params


def test_matches(router):
    assert found(router, "/") == ("home", {})
    assert found(router, "/users/kim") == ("user", {"name": "kim"})
    assert found(router, "/posts/7/hello-you") == ("post", {"id": 7, "title": "hello-you"})
    assert found(router, "/files/a/b.txt") == ("file", {"where": "a/b.txt"})


def test_the_most_literal_route_wins(router):
    assert found(router, "/users/new") == ("new", {})


def test_gives_the_query(router):
    assert router.match("GET", "/users/kim?tab=a+b#top").query.get("tab") == "a b"


@pytest.mark.parametrize("target", ["/users", "/users/a/b", "/posts/x/y", "/posts/7/A", "/files/"])
def test_not_found(router, target):
    with pytest.raises(NotFound):
        router.match("GET", target)


def test_methods(router):
    assert found(router, "/users/new", "post") == ("new", {})
    assert found(router, "/files/a", "PUT") == ("upload", {"where": "a"})
    with pytest.raises(MethodNotAllowed) as caught:
        router.match("DELETE", "/files/a")
    assert caught.value.allowed == ["GET", "PUT"]


def test_head_goes_where_get_goes(router):
    assert found(router, "/users/kim", "HEAD") == ("user", {"name": "kim"})


def test_builds_urls(router):
    assert router.url_for("home") == "/"
    assert router.url_for("user", name="kim") == "/users/kim"
    assert router.url_for("post", id=7, title="hi") == "/posts/7/hi"
    assert router.url_for("file", where="a/b.txt") == "/files/a/b.txt"


def test_builds_the_query_from_what_is_left(router):
    assert router.url_for("user", name="kim", q="a b", x=None) == "/users/kim?q=a+b"


def test_parameters_arrive_decoded(router):
    assert found(router, "/users/J%C3%BCrgen%20K") == ("user", {"name": "Jürgen K"})
    assert found(router, "/files/my%20docs/a.txt") == ("file", {"where": "my docs/a.txt"})


def test_urls_are_encoded(router):
    assert router.url_for("user", name="Jürgen K") == "/users/J%C3%BCrgen%20K"
    assert router.url_for("file", where="my docs/50%.txt") == "/files/my%20docs/50%25.txt"


@pytest.mark.parametrize(
    "name", ["a/b", "what?", "#1", "100%25"], ids=["slash", "query", "fragment", "escape"]
)
def test_a_built_url_leads_back(router, name):
    assert found(router, router.url_for("user", name=name)) == ("user", {"name": name})


def test_refuses_to_build_what_would_not_match(router):
    with pytest.raises(BuildError, match="needs 'name'"):
        router.url_for("user")
    with pytest.raises(BuildError, match="does not fit <slug:title>"):
        router.url_for("post", id=7, title="No Slug")
    with pytest.raises(BuildError, match="no route is named 'x'"):
        router.url_for("x")


def test_mounts_another_router(router):
    site = Router()
    site.mount("/blog/", router)
    assert found(site, "/blog/users/kim") == ("user", {"name": "kim"})
    assert site.url_for("home") == "/blog/"


def test_a_name_is_taken_once(router):
    with pytest.raises(RouteError, match="'user' is taken"):
        router.add("/u", handler("u"), name="user")


@pytest.mark.parametrize("text", ["users", "/<float:x>", "/<x>/<x>", "/<x"])
def test_refuses_bad_patterns(text):
    with pytest.raises(RouteError):
        Pattern(text)
