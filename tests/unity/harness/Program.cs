using System;
using System.Diagnostics;
using System.IO;
using BranchXR.Harness;

// Drives a game on Mono for pytest: one command a line on stdin, one line of JSON back on stdout.
// The game runs in a domain of its own, which `reload` exchanges, as Unity's Editor does, or in the
// root domain (`--root`), as in a player.
internal static class Program
{
    private static int Main(string[] arguments)
    {
        bool isRoot = Array.IndexOf(arguments, "--root") >= 0;
        TextWriter replies = Console.Out;
        Console.SetOut(Console.Error); // what the game prints is no reply
        var domains = new Domains(isRoot);
        string line;
        while ((line = Console.In.ReadLine()) != null && line != "exit")
        {
            replies.WriteLine(domains.Answer(line));
            replies.Flush();
        }
        return 0;
    }

    private sealed class Domains
    {
        private readonly bool isRoot;
        private AppDomain domain;
        private Game game;
        private int made;

        internal Domains(bool isRoot)
        {
            this.isRoot = isRoot;
            Make();
        }

        internal string Answer(string line)
        {
            if (line != "reload") return game.Answer(line);
            if (isRoot) return Json.Of("error", "a player does not reload");
            var time = Stopwatch.StartNew();
            string kept = game.BeforeReload();
            double fencedMs = time.Elapsed.TotalMilliseconds;
            AppDomain.Unload(domain);
            Make();
            double unloadedMs = time.Elapsed.TotalMilliseconds;
            string answer = game.AfterReload(kept);
            return answer.TrimEnd('}') + ",\"fence_ms\":" + Json.Number(fencedMs) + ",\"unload_ms\":" +
                Json.Number(unloadedMs - fencedMs) + ",\"reload_ms\":" + Json.Number(time.Elapsed.TotalMilliseconds) + "}";
        }

        private void Make()
        {
            if (isRoot)
            {
                game = new Game();
                return;
            }
            domain = AppDomain.CreateDomain("game " + ++made);
            game = (Game)domain.CreateInstanceAndUnwrap(typeof(Game).Assembly.FullName, typeof(Game).FullName);
        }
    }
}
