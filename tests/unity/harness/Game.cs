using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Threading;
using BranchXR.Frames;
using BranchXR.Panels;
using UnityEngine;
using UnityEngine.Stub;

namespace BranchXR.Harness
{
    // A game with one stage, in whichever domain it was made. Words of a command are tab-separated.
    public sealed class Game : MarshalByRefObject
    {
        private const double FrameS = 1.0 / 90;
        private readonly List<string> heard = new List<string>();
        private readonly List<string> faults = new List<string>();
        private readonly List<string> notices = new List<string>();
        private readonly List<string> paths = new List<string>();
        private BranchLive live;
        private readonly List<double> pings = new List<double>();
        private readonly bool isEditor;
        private BranchStage stage;
        private Transform rig, head;
        private string settingsWords = "";
        private readonly FrameTimes times = new FrameTimes();
        private int spawned;

        public Game() { isEditor = !AppDomain.CurrentDomain.IsDefaultAppDomain(); }

        public override object InitializeLifetimeService() { return null; }

        public string Answer(string line)
        {
            try { return Do(line.Split('\t')); }
            catch (BranchError error)
            {
                return new Json().Add("error", error.Message).Add("code", error.Code).ToString();
            }
            catch (Exception error) { return Json.Of("error", error.ToString()); }
        }

        public string BeforeReload()
        {
            BranchReload.IsUnderWay = true;
            if (stage != null) stage.enabled = false;
            return settingsWords;
        }

        public string AfterReload(string kept)
        {
            if (kept != "") Play(kept.Split('\t'));
            return Json.Of("state", stage == null ? "Off" : stage.State.ToString());
        }

        private string Do(string[] words)
        {
            switch (words[0])
            {
                case "play": Play(words); return Look(words);
                case "frames": Frames(int.Parse(words[1]), words.Length > 2); return Look(words);
                case "running": return Running(int.Parse(words[1]));
                case "look": return Look(words);
                case "say": stage.Say(words[1]); return Look(words);
                case "press": Press(words); return Look(words);
                case "arrive": Put(new ArrivedRecord { Anchor = words[1], Kind = words[2] }.Write); return Look(words);
                case "approve": stage.Confirmations.Current.Approve(); return Look(words);
                case "decline": stage.Confirmations.Current.Decline(); return Look(words);
                case "forge": Forge(); return Look(words);
                case "stand": head.localPosition = Axes.Position(Vector(words, 1)); return Look(words);
                case "times": return times.Take();
                case "pause": Player.Pause(words[1] == "1"); return Look(words);
                case "select": stage.Select(words[1]); return Look(words);
                case "path": stage.FindPath(words[1]); return Look(words);
                case "live": Live(words[1]); return Look(words);
                case "ping": return Ping(int.Parse(words[1]));
                case "flood": return Flood(int.Parse(words[1]));
                case "thread": return OtherThread();
                case "enable": stage.enabled = words[1] == "1"; return Look(words);
                case "quit": Player.Quit(); return Look(words);
                default: return Bench.Do(words);
            }
        }

        private void Play(string[] words)
        {
            settingsWords = string.Join("\t", words);
            Player.IsEditor = isEditor;
            Player.Begin();
            Initialise();
            BranchSettings settings = ScriptableObject.CreateInstance<BranchSettings>();
            for (int index = 1; index < words.Length; index++) Set(settings, words[index]);
            var own = new GameObject("Branch");
            own.SetActive(false);
            rig = new GameObject("Rig").transform;
            head = new GameObject("Head").transform;
            head.SetParent(rig, false);
            head.localPosition = new Vector3(0, 1.65f, 0);
            stage = own.AddComponent<BranchStage>();
            stage.Configure(settings, rig, head);
            Listen();
            own.SetActive(true);
        }

        // What Unity does when a game loads: methods that asked for it are called, of every assembly.
        private static void Initialise()
        {
            const BindingFlags All = BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public;
            foreach (Type type in Assembly.Load("BranchXR.PythonNet").GetTypes())
            {
                foreach (MethodInfo method in type.GetMethods(All))
                {
                    if (method.IsDefined(typeof(RuntimeInitializeOnLoadMethodAttribute), false)) method.Invoke(null, null);
                }
            }
        }

        private static void Set(BranchSettings settings, string word)
        {
            int at = word.IndexOf('=');
            string name = word.Substring(0, at), value = word.Substring(at + 1);
            if (name == "folder")
            {
                Player.Folder = value;
                return;
            }
            FieldInfo field = typeof(BranchSettings).GetField(name);
            object typed = value;
            if (field.FieldType == typeof(bool)) typed = value == "1";
            else if (field.FieldType == typeof(int)) typed = int.Parse(value);
            else if (field.FieldType == typeof(float)) typed = float.Parse(value, CultureInfo.InvariantCulture);
            else if (field.FieldType == typeof(string[])) typed = value.Split(':');
            else if (field.FieldType.IsEnum) typed = Enum.Parse(field.FieldType, value);
            field.SetValue(settings, typed);
        }

        private void Listen()
        {
            BranchSession session = stage.Session;
            stage.PathFound += (anchor, points) => paths.Add(anchor + " " + (points == null ? 0 : points.Length));
            stage.Heard += (name, text) => heard.Add(name + ": " + text);
            stage.Noticed += (title, text) => notices.Add(title);
            stage.Faulted += error => faults.Add(error.Code + ": " + error.Message);
            session.Spawned += spawn => spawned += spawn.Nodes.Length / 2;
            session.Ponged += stamp => pings.Add((Stopwatch.GetTimestamp() - (long)stamp) * 1e6 / Stopwatch.Frequency);
        }

        // Frames in real time: Python is another process.
        private void Frames(int count, bool isSilent)
        {
            for (int index = 0; index < count; index++) Frame();
        }

        private void Frame()
        {
            times.Begin();
            Player.Frame(FrameS);
            double tookMs = times.End();
            if (tookMs < FrameS * 1000) Thread.Sleep((int)(FrameS * 1000 - tookMs));
        }

        // How long until it runs, looking every half millisecond: what a reload costs.
        private string Running(int withinMs)
        {
            var time = Stopwatch.StartNew();
            while (stage.State != BranchState.Running && time.ElapsedMilliseconds < withinMs)
            {
                Player.Frame(FrameS);
                Thread.Sleep(1);
            }
            return new Json().Add("state", stage.State.ToString()).Add("after_ms", time.Elapsed.TotalMilliseconds).ToString();
        }

        private string Look(string[] words)
        {
            if (stage == null) return Json.Of("state", "Off");
            BranchSession session = stage.Session;
            var people = new List<Json>();
            foreach (BranchPerson person in stage.People)
            {
                Transform seen = stage.HeadOf(person);
                Vector3 place = seen == null ? Vector3.zero : Axes.Position(seen.localPosition);
                people.Add(new Json().Add("id", person.Id).Add("name", person.Name).Add("role", person.Role)
                    .Add("is_seen", seen != null).Add("position", new[] { place.x, place.y, place.z }));
            }
            var answer = new Json().Add("state", stage.State.ToString())
                .Add("fault", session.Fault == null ? null : session.Fault.Code)
                .Add("branch", session.Branch.Name).Add("you", session.You.Participant)
                .Add("is_signed_in", session.You.IsSignedIn).Add("people", people)
                .Add("titles", Titles(session)).Add("ask", Ask(session))
                .Add("nodes", stage.Nodes.Count).Add("puppets", Puppets())
                .Add("heard", heard).Add("faults", faults).Add("notices", notices).Add("spawned", spawned)
                .Add("paths", paths).Add("live", live == null ? null : Numbers(Axes.Position(live.transform.position)))
                .Add("waits", times.TakeWaits()).Add("anchors", Anchors(session))
                .Add("cells", session.Cells.Length);
            if (session.Block != null)
            {
                answer.Add("events_dropped", session.Block.Read(BlockAt.EventsDropped))
                    .Add("poses_dropped", session.Block.Read(BlockAt.PosesDropped))
                    .Add("events_waiting", session.Block.Events.Used).Add("identity", session.Block.Identity.ToString("x"));
            }
            if (rig != null && rig != null) answer.Add("rig", Numbers(Axes.Position(rig.position)));
            return answer.ToString();
        }

        private static float[] Numbers(Vector3 place) { return new[] { place.x, place.y, place.z }; }

        private static List<string> Titles(BranchSession session)
        {
            var titles = new List<string>();
            foreach (BranchPanel panel in session.Panels.All) titles.Add(panel.Title);
            return titles;
        }

        private List<float[]> Puppets()
        {
            var places = new List<float[]>();
            for (uint index = 0; index < 16; index++)
            {
                BranchBody body = stage.Puppets.Find(index, 1);
                if (body != null) places.Add(Numbers(Axes.Position(body.Head.localPosition)));
            }
            return places;
        }

        private static List<string> Anchors(BranchSession session)
        {
            var paths = new List<string>();
            foreach (AnchorPlaceRow anchor in session.Anchors) paths.Add(anchor.Kind + " " + anchor.Path);
            return paths;
        }

        private static Json Ask(BranchSession session)
        {
            Confirmation open = session.Confirmations.Current;
            if (open == null) return null;
            var rows = new List<string>();
            foreach (KeyValuePair<string, string> row in open.Rows) rows.Add(row.Key + ": " + row.Value);
            return new Json().Add("id", open.Id).Add("rows", rows);
        }

        private void Press(string[] words)
        {
            BranchPanel panel = stage.Panels.Find(words[1]);
            for (int index = 3; index < words.Length; index++)
            {
                int at = words[index].IndexOf('=');
                panel[words[index].Substring(0, at)] = words[index].Substring(at + 1);
            }
            stage.Panels.Press(panel, words[2]);
        }

        // A yes to another intent than was shown: what a game that was tampered with would say.
        private void Forge()
        {
            byte[] other = new byte[32];
            Put(new ConfirmRecord { Id = stage.Confirmations.Current.Id, Challenge = other }.Write);
        }

        // An object of the game that stands for a node of the scene.
        private void Live(string path)
        {
            live = new GameObject("door").AddComponent<BranchLive>();
            live.Path = path;
        }

        private bool Put(Action<RecordWriter> write)
        {
            write(stage.Session.Fresh());
            return stage.Session.Put();
        }

        // Round trips: an event up, its answer down, seen by the main thread as soon as it is there.
        private string Ping(int count)
        {
            pings.Clear();
            for (int index = 0; index < count; index++)
            {
                Put(new PingRecord { Stamp = (ulong)Stopwatch.GetTimestamp() }.Write);
                var waited = Stopwatch.StartNew();
                while (pings.Count <= index && waited.ElapsedMilliseconds < 1000)
                {
                    stage.Session.Frame();
                    Thread.Sleep(0);
                }
                if (index % 50 == 0) Player.Frame(FrameS);
            }
            return Json.Of("us", pings);
        }

        private string Flood(int count)
        {
            var before = stage.Session.Block.Read(BlockAt.EventsDropped);
            int put = 0;
            for (int index = 0; index < count; index++)
            {
                if (Put(new EmoteRecord { Emote = "wave" }.Write)) put++;
            }
            // No frame runs meanwhile: what the ring counts here is the flood's alone.
            return new Json().Add("put", put).Add("dropped", stage.Session.Block.Read(BlockAt.EventsDropped) - before).ToString();
        }

        private string OtherThread()
        {
            string code = "none";
            var other = new Thread(() =>
            {
                try { stage.Say("from elsewhere"); }
                catch (BranchError error) { code = error.Code; }
            });
            other.Start();
            other.Join();
            return Json.Of("code", code);
        }

        private static Vector3 Vector(string[] words, int at)
        {
            return new Vector3(
                float.Parse(words[at], CultureInfo.InvariantCulture), float.Parse(words[at + 1], CultureInfo.InvariantCulture),
                float.Parse(words[at + 2], CultureInfo.InvariantCulture));
        }
    }
}
