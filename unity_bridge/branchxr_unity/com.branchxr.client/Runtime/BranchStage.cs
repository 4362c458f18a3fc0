using System;
using System.Collections.Generic;
using BranchXR.Frames;
using UnityEngine;

namespace BranchXR
{
    /// <summary>A branch in the scene: put it on one object, give it settings, and press Play.</summary>
    /// <remarks>
    /// Everybody in the branch stands below this object, in its axes. Nothing here waits for Python: a script
    /// that blocks, or a Python that is killed, costs no frame.
    /// </remarks>
    [AddComponentMenu("BranchXR/Branch Stage")]
    [DisallowMultipleComponent]
    public sealed class BranchStage : MonoBehaviour
    {
        private const int FenceDeadlineMs = 250, StopDeadlineMs = 1000;
        private const double PoseIntervalMs = 50, EarlyMs = 6;

        [SerializeField] private BranchSettings settings;
        [SerializeField, Tooltip("What others look like: children Head, Left and Right are moved. Empty: bare transforms.")]
        private GameObject avatar;
        [SerializeField, Tooltip("The player's head, such as the XR camera. Empty: the player has no body of their own here.")]
        private Transform head;
        [SerializeField] private Transform leftHand;
        [SerializeField] private Transform rightHand;
        [SerializeField, Tooltip("What stands on the floor and carries the head: moved to where the branch puts the player.")]
        private Transform rig;

        private readonly Dictionary<int, Avatar> avatars = new Dictionary<int, Avatar>();
        private BranchSession session;
        private double poseSentMs;
        private bool isPlaced;

        private sealed class Avatar
        {
            internal BranchPerson Person;
            internal GameObject Root;
            internal Transform Head, Left, Right;
        }

        /// <summary>What it is doing.</summary>
        public BranchState State { get { return session == null ? BranchState.Off : session.State; } }

        /// <summary>What is wrong, or was last; null while nothing is.</summary>
        public BranchError Fault { get { return session == null ? null : session.Fault; } }

        /// <summary>Everybody who is in the branch, the player included.</summary>
        public ICollection<BranchPerson> People { get { return Session.People.Values; } }

        /// <summary>Told once for each error, on the main thread.</summary>
        public event Action<BranchError> Faulted;

        internal BranchSession Session
        {
            get { return session ?? (session = Made()); }
        }

        /// <summary>Which carrier to use instead of that of the settings.</summary>
        internal Func<BranchSettings, IBranchCarrier> MakeCarrier = BranchCarriers.Make;

        /// <summary>Set what the inspector sets.</summary>
        public void Configure(BranchSettings newSettings, Transform newRig, Transform newHead)
        {
            settings = newSettings;
            rig = newRig;
            head = newHead;
        }

        /// <summary>Return the transform of somebody's head, or null while nothing was seen of them.</summary>
        public Transform HeadOf(BranchPerson person)
        {
            Avatar found;
            return avatars.TryGetValue(person.Slot, out found) && found.Person == person ? found.Head : null;
        }

        /// <summary>Say something to everybody in the branch.</summary>
        /// <exception cref="BranchError"><c>wrong_thread</c>, <c>event_too_long</c>.</exception>
        public void Say(string text)
        {
            new ChatRecord { Text = text }.Write(Session.Fresh());
            Session.Put();
        }

        /// <summary>Make a gesture, such as "wave".</summary>
        /// <exception cref="BranchError"><c>wrong_thread</c>.</exception>
        public void Gesture(string emote)
        {
            new EmoteRecord { Emote = emote }.Write(Session.Fresh());
            Session.Put();
        }

        // --- messages of Unity ---

        private void OnEnable()
        {
            if (settings == null)
            {
                OnFault(new BranchError(
                    "settings_missing", "expected BranchSettings, got none", name, "make one with Create > BranchXR > Settings"));
                return;
            }
            try { Session.Start(settings, MakeCarrier(settings)); }
            catch (BranchError error) { OnFault(error); }
        }

        private void OnDisable()
        {
            if (session == null) return;
            if (BranchReload.IsUnderWay) session.Fence(FenceDeadlineMs);
            else session.Stop(StopDeadlineMs);
        }

        private void Update()
        {
            if (session != null) session.Frame();
        }

        private void LateUpdate()
        {
            if (session == null || session.State != BranchState.Running) return;
            ShowBodies();
            SendPose();
        }

        // --- inside ---

        private BranchSession Made()
        {
            var made = new BranchSession();
            made.Faulted += OnFault;
            made.Left += OnLeft;
            made.Placed += OnPlaced;
            return made;
        }

        private void OnFault(BranchError error)
        {
            Debug.LogError("BranchXR: " + error.Message, this);
            if (Faulted != null) Faulted(error);
        }

        private void OnLeft(BranchPerson person)
        {
            Avatar gone;
            if (!avatars.TryGetValue(person.Slot, out gone) || gone.Person != person) return;
            avatars.Remove(person.Slot);
            if (gone.Root != null) Destroy(gone.Root);
        }

        private void OnPlaced(PlaceRecord place)
        {
            isPlaced = true;
            if (rig == null) return;
            rig.position = transform.TransformPoint(Axes.Position(new Vector3(place.X, place.Y, place.Z)));
            if (!place.Turns) return;
            var turn = new Quaternion(0, (float)Math.Sin(place.Yaw / 2), 0, (float)Math.Cos(place.Yaw / 2));
            rig.rotation = transform.rotation * Axes.Viewer(turn);
        }

        private void ShowBodies()
        {
            int count = session.Bodies.Sample(session.NowMs);
            ShownBody[] shown = session.Bodies.Shown;
            for (int index = 0; index < count; index++)
            {
                if (shown[index].Slot == session.You.Slot) continue;
                Avatar body = BodyOf(shown[index].Slot);
                if (body != null) Pose(body, ref shown[index]);
            }
        }

        private Avatar BodyOf(int slot)
        {
            Avatar found;
            if (avatars.TryGetValue(slot, out found)) return found;
            foreach (BranchPerson person in session.People.Values)
            {
                if (person.Slot == slot) return avatars[slot] = Make(person);
            }
            return null; // a frame before its presence: the next one will do
        }

        private Avatar Make(BranchPerson person)
        {
            GameObject root = avatar != null ? Instantiate(avatar) : new GameObject();
            root.name = person.Name;
            root.transform.SetParent(transform, false);
            return new Avatar
            {
                Person = person,
                Root = root,
                Head = Part(root, "Head"),
                Left = Part(root, "Left"),
                Right = Part(root, "Right"),
            };
        }

        private static Transform Part(GameObject root, string part)
        {
            Transform found = root.transform.Find(part);
            if (found != null) return found;
            var made = new GameObject(part);
            made.transform.SetParent(root.transform, false);
            return made.transform;
        }

        private static void Pose(Avatar avatar, ref ShownBody shown)
        {
            avatar.Head.localPosition = Axes.Position(shown.Body.Head);
            avatar.Head.localRotation = Axes.Viewer(shown.Body.HeadRotation);
            if ((shown.Flags & PoseFlags.Hands) == 0) return;
            avatar.Left.localPosition = Axes.Position(shown.Body.Left);
            avatar.Left.localRotation = Axes.Viewer(shown.Body.LeftRotation);
            avatar.Right.localPosition = Axes.Position(shown.Body.Right);
            avatar.Right.localRotation = Axes.Viewer(shown.Body.RightRotation);
        }

        // 20 Hz at any frame rate above it: half a frame early rather than a whole one late.
        private void SendPose()
        {
            double now = session.NowMs;
            if (head == null || !isPlaced || now - poseSentMs < PoseIntervalMs - EarlyMs) return;
            poseSentMs = now;
            var body = new Body { Head = Place(head), HeadRotation = Turn(head) };
            PoseFlags flags = PoseFlags.None;
            if (leftHand != null && rightHand != null)
            {
                flags = PoseFlags.Hands | PoseFlags.Tracked;
                body.Left = Place(leftHand);
                body.LeftRotation = Turn(leftHand);
                body.Right = Place(rightHand);
                body.RightRotation = Turn(rightHand);
            }
            session.PutPose(ref body, flags, session.CellAt(body.Head));
        }

        private Vector3 Place(Transform part) { return Axes.Position(transform.InverseTransformPoint(part.position)); }

        private Quaternion Turn(Transform part)
        {
            return Axes.Viewer(Quaternion.Inverse(transform.rotation) * part.rotation);
        }
    }
}
