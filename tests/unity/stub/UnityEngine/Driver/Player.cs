using System;
using System.Collections.Generic;
using System.IO;

namespace UnityEngine.Stub
{
    // The player: starts, runs frames in Unity's documented order, and quits.
    internal static class Player
    {
        private static readonly List<MonoBehaviour> order = new List<MonoBehaviour>();
        private static readonly Comparison<MonoBehaviour> byOrder = CompareOrder;
        private static double fixedLeft;

        internal static bool IsPlaying { get; private set; }

        internal static bool IsEditor { get; set; }

        internal static string Folder = Path.GetTempPath().TrimEnd('/');

        // Begin to play on this thread, with an empty scene.
        internal static void Begin()
        {
            MainThread.Adopt();
            World.Clear();
            Lifecycle.Scripts.Clear();
            Clock.Reset();
            fixedLeft = 0;
            IsPlaying = true;
        }

        // One frame: Start, FixedUpdate, Update, LateUpdate, destruction, GUI.
        internal static void Frame(double seconds)
        {
            MainThread.Require("Frame");
            Clock.Advance(seconds);
            StartNew();
            for (fixedLeft += Clock.Delta; fixedLeft >= Clock.FixedDelta; fixedLeft -= Clock.FixedDelta)
            {
                Send(Message.FixedUpdate);
            }
            Send(Message.Update);
            Send(Message.LateUpdate);
            World.DestroyDue();
            Screen.Clear();
            Send(Message.OnGUI);
        }

        internal static void Frames(int count, double seconds)
        {
            for (int index = 0; index < count; index++) Frame(seconds);
        }

        // The app goes to the background, or comes back: told to scripts that are on.
        internal static void Pause(bool isPaused)
        {
            Sort();
            for (int index = 0; index < order.Count; index++)
            {
                if (!order[index].isDestroyed && order[index].isOn) order[index].messages.Send("OnApplicationPause", isPaused);
            }
        }

        internal static void Quit()
        {
            if (!IsPlaying) return;
            Send(Message.OnApplicationQuit);
            foreach (GameObject one in World.GameObjects.ToArray())
            {
                if (one != null) World.DestroyNow(one);
            }
            IsPlaying = false;
        }

        private static void StartNew()
        {
            Sort();
            for (int index = 0; index < order.Count; index++)
            {
                MonoBehaviour script = order[index];
                if (script.isDestroyed || !script.isOn || script.isStarted) continue;
                script.isStarted = true;
                script.messages.Send(Message.Start);
            }
        }

        private static void Send(Message message)
        {
            Sort();
            for (int index = 0; index < order.Count; index++)
            {
                MonoBehaviour script = order[index];
                // A script made during this frame starts in the next.
                if (!script.isDestroyed && script.isOn && script.isStarted) script.messages.Send(message);
            }
        }

        private static void Sort()
        {
            order.Clear();
            order.AddRange(Lifecycle.Scripts);
            // Insertion sort: stable, and the list is nearly sorted.
            for (int index = 1; index < order.Count; index++)
            {
                MonoBehaviour script = order[index];
                int place = index;
                for (; place > 0 && byOrder(order[place - 1], script) > 0; place--) order[place] = order[place - 1];
                order[place] = script;
            }
        }

        private static int CompareOrder(MonoBehaviour a, MonoBehaviour b)
        {
            return a.executionOrder.CompareTo(b.executionOrder);
        }
    }
}
